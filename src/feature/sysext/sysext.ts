import type { FeatureDefinition } from '../feature.ts';
import { defineFeature } from '../feature.ts';
import { checkImages, renderImages } from './bakery.ts';
import { SysextBlock } from './block.ts';
import { checkDisabled, renderDisabled } from './disable.ts';
import { checkEnabled } from './official-rules.ts';
import { reviewSysext } from './review.ts';
import { renderUpdates } from './sysupdate.ts';

const definition: FeatureDefinition<typeof SysextBlock> = {
  name: 'sysext',
  summary: 'System extensions: official ones, those of the image to leave out, and images of the bakery',
  schema: SysextBlock,
  expand(block, context) {
    return {
      fragment: [...renderDisabled(block, context), ...renderImages(block, context), ...renderUpdates(block, context)],
      contributions: (block.enable ?? []).map((name, index) => ({
        kind: 'extension',
        name,
        origin: context.at('enable', index),
      })),
      diagnostics: [...checkEnabled(block, context), ...checkDisabled(block, context), ...checkImages(block, context)],
    };
  },
  review: reviewSysext,
};

/** System extensions. */
export const sysext = defineFeature(definition);

import type { FeatureDefinition } from '../feature.ts';
import { defineFeature } from '../feature.ts';
import { filePart } from '../parts.ts';
import type { Update } from './block.ts';
import { UpdateBlock } from './block.ts';
import { writeKeyValues } from './key-values.ts';
import { checkUpdate } from './rules.ts';

/** What update_engine and locksmithd read, over what the image ships. */
const UPDATE_CONFIG = '/etc/flatcar/update.conf';

const definition: FeatureDefinition<typeof UpdateBlock> = {
  name: 'update',
  summary: 'Where updates of the system come from, and when the machine reboots into them',
  schema: UpdateBlock,
  expand(block, context) {
    const text = render(block);
    return {
      fragment: text === '' ? [] : [filePart(context.at(), UPDATE_CONFIG, text)],
      contributions: [],
      diagnostics: checkUpdate(block, context),
    };
  },
};

/** How the machine updates itself. */
export const update = defineFeature(definition);

function render({ group, server, reboot, window, machineAlias }: Update): string {
  return writeKeyValues([
    ['GROUP', group],
    ['SERVER', server],
    ['REBOOT_STRATEGY', reboot],
    ['LOCKSMITHD_REBOOT_WINDOW_START', window?.start],
    ['LOCKSMITHD_REBOOT_WINDOW_LENGTH', window?.length],
    ['MACHINE_ALIAS', machineAlias],
  ]);
}

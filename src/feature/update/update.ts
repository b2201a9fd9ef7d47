import { Type } from 'typebox';
import { defineFeature } from '../feature.ts';

/** How the machine updates itself. */
export const update = defineFeature({
  name: 'update',
  summary: 'Updates',
  schema: Type.Object({}, { additionalProperties: false }),
  expand: () => ({ fragment: [], contributions: [], diagnostics: [] }),
});

import { Type } from 'typebox';
import { defineFeature } from '../feature.ts';

/** System extensions. */
export const sysext = defineFeature({
  name: 'sysext',
  summary: 'System extensions',
  schema: Type.Object({}, { additionalProperties: false }),
  expand: () => ({ fragment: [], contributions: [], diagnostics: [] }),
});

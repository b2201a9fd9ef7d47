import { Type } from 'typebox';
import { defineFeature } from '../../../src/feature/feature.ts';
import { filePart } from '../../../src/feature/parts.ts';

/** A name or an address, which ends neither the value nor the line. */
const SERVER = Type.String({ pattern: '^[A-Za-z0-9.:-]+$', maxLength: 253 });

/** Where the machine gets the time from. */
export const timesyncd = defineFeature({
  name: 'timesyncd',
  summary: 'Time servers for systemd-timesyncd',
  schema: Type.Object(
    { servers: Type.Array(SERVER, { maxItems: 16, description: 'Time servers, the best first' }) },
    { additionalProperties: false },
  ),
  expand({ servers }, context) {
    const only = 'one server that is wrong cannot be told from a right one';
    const hint = 'name four, or two at least';
    return {
      fragment: [
        filePart(
          context.at('servers'),
          '/etc/systemd/timesyncd.conf.d/50-pilotlight.conf',
          `[Time]\nNTP=${servers.join(' ')}\n`,
        ),
      ],
      contributions: [],
      diagnostics: servers.length === 1 ? [context.report('warning', ['servers', 0], only, hint)] : [],
    };
  },
});

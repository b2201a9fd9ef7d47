import type { Static } from 'typebox';
import { Type } from 'typebox';
import { closed, oneOf, optional } from '../schema-parts.ts';

const TEXT = Type.String({ minLength: 1, maxLength: 512 });

/** The typed block `update`. */
export const UpdateBlock = closed({
  group: optional(
    Type.String({ ...TEXT, examples: ['stable', 'beta', 'alpha', 'lts'] }),
    'The channel, or the group of your own update server; that of the image unless given',
  ),
  server: optional(
    Type.String({ ...TEXT, examples: ['disabled'] }),
    "The URL of the update server, or `disabled`; Flatcar's own unless given",
  ),
  reboot: optional(
    oneOf(['reboot', 'etcd-lock', 'off']),
    'What follows an update: a reboot, one at a time with a lock in etcd, or nothing; a reboot unless given',
  ),
  window: optional(
    closed({
      start: Type.String({
        ...TEXT,
        description: 'When it opens, in the time of the machine: `04:00`, or on one day `Thu 04:00`',
        examples: ['04:00', 'Thu 04:00'],
      }),
      length: Type.String({ ...TEXT, description: 'How long it is open: `1h30m`', examples: ['1h30m'] }),
    }),
    'The only time to reboot',
  ),
  machineAlias: optional(TEXT, 'What the update server shows the machine as'),
});

/** A block that fits the schema. */
export type Update = Static<typeof UpdateBlock>;

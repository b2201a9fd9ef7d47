import type { Static } from 'typebox';
import { Type } from 'typebox';
import { closed, oneOf, optional } from '../schema-parts.ts';
import { DEFAULT_EXTENSIONS, OFFICIAL_EXTENSIONS } from './official.ts';

const BakeryImage = closed({
  // Both become parts of paths, of a unit and of a command in it.
  name: Type.String({
    pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$',
    description: 'The extension, as its file name begins',
  }),
  version: Type.String({
    pattern: '^[A-Za-z0-9][A-Za-z0-9.+_-]{0,63}$',
    description: 'Its version, as in the file name: `v1.32.2`, `2.34.0`',
  }),
  architecture: optional(
    oneOf(['x86-64', 'amd64', 'arm64']),
    'The architecture of the machine; x86-64 unless given, and amd64 is another word for it',
  ),
  source: optional(
    Type.String({ pattern: '^https?://[\\x21-\\x7e]+$', maxLength: 2048 }),
    "Where the image is; the bakery's own server unless given",
  ),
  hash: optional(
    Type.String({ pattern: '^(sha256-[0-9a-f]{64}|sha512-[0-9a-f]{128})$' }),
    'The digest of the image, which Ignition checks',
  ),
  update: optional(
    Type.Unsafe<boolean | 'patch'>({ enum: [true, false, 'patch'] }),
    'Newer versions are fetched by systemd-sysupdate: all, or with `patch` those of the same minor version',
  ),
});

/** An image of the bakery, or of somebody who builds as it does. */
export type BakeryItem = Static<typeof BakeryImage>;

/** The typed block `sysext`. */
export const SysextBlock = closed({
  release: optional(
    Type.String({ maxLength: 64 }),
    'The Flatcar release or channel that the machine boots; one for all features',
  ),
  enable: optional(
    Type.Array(Type.String({ maxLength: 64, examples: Object.keys(OFFICIAL_EXTENSIONS) }), { maxItems: 50 }),
    'Official extensions to add',
  ),
  disable: optional(Type.Array(oneOf(DEFAULT_EXTENSIONS), { maxItems: 10 }), 'Extensions of the image to leave out'),
  bakery: optional(Type.Array(BakeryImage, { maxItems: 50 }), 'Images of the sysext bakery, or of your own'),
});

/** A block that fits the schema. */
export type Sysext = Static<typeof SysextBlock>;

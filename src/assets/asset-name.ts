import { ProvisioningError } from '../errors.ts';

/** Longest name, and longest part of one; the second is what file systems take, in bytes. */
const MAX_NAME = 1024;
const MAX_PART_BYTES = 255;

/**
 * The parts of an asset's name, which stand between its slashes. Throws `request-invalid` for what no file is called, and
 * `asset-not-found` for what is never served: names with an empty part, and parts that begin with a dot, `..` among them.
 */
export function parseAssetName(name: string): readonly string[] {
  if (/[\p{Cc}\\]/u.test(name)) {
    throw new ProvisioningError('request-invalid', 'the name of an asset holds no backslash and no control character');
  }
  const parts = name.split('/');
  if (name.length > MAX_NAME || parts.some((part) => Buffer.byteLength(part) > MAX_PART_BYTES)) {
    throw new ProvisioningError('asset-not-found', 'no asset has a name that is so long');
  }
  if (parts.at(-1) === '') throw new ProvisioningError('asset-not-found', 'this names a folder, and none is listed');
  if (parts.some((part) => part === '' || part.startsWith('.'))) {
    throw new ProvisioningError(
      'asset-not-found',
      'a name with an empty part, or a part with a dot first, is no asset',
    );
  }
  return parts;
}

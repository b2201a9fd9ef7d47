import { ProvisioningError } from '../errors.ts';
import type { SpecVersion } from '../ignition/spec-version.ts';
import { formatSpecVersion } from '../ignition/spec-version.ts';
import type { PointerVariant } from './butane-pointer.ts';
import { pointerAsButane } from './butane-pointer.ts';
import type { Encoding } from './encode.ts';
import { encodeUserData } from './encode.ts';
import type { PlatformId, SizeLimit } from './platforms.ts';
import { platformOf } from './platforms.ts';
import type { PointerParts } from './pointer.ts';
import { makePointer } from './pointer.ts';

/** What a pointer is printed as: Ignition, Butane, or what the platform takes. */
export const POINTER_FORMATS = ['user-data', 'ignition', 'butane'] as const;

/** What a pointer is printed as. */
export type PointerFormat = (typeof POINTER_FORMATS)[number];

/** For whom a pointer is made, and in which form. */
export interface UserDataRequest {
  readonly platform?: PlatformId;
  readonly format: PointerFormat;
  /** Another form than the one that the platform's own tool takes. */
  readonly encoding?: Encoding;
  /** Lines of 76 characters. */
  readonly wrap?: boolean;
  readonly variant: PointerVariant;
  /** The newest spec version that the client reads. */
  readonly accepts?: SpecVersion;
}

/** A pointer in the form that was asked for. */
export interface UserData {
  readonly content: Buffer;
  /** The spec version of the pointer as Ignition. */
  readonly specVersion: string;
  readonly encoding: Encoding;
  /** Bytes as the platform counts them. */
  readonly bytes: number;
  readonly limit?: SizeLimit;
}

/**
 * Makes a pointer, and holds what the platform would get against its limit, whatever form is asked for. Pure. Throws
 * `request-invalid` for an encoding that the platform does not take, `pointer-too-large`, and `spec-not-acceptable`.
 */
export function makeUserData(parts: PointerParts, request: UserDataRequest): UserData {
  const { platform: id, format, variant, wrap = false, accepts } = request;
  const platform = platformOf(id);
  const encoding = request.encoding ?? platform.encodings[0];
  if (!platform.encodings.includes(encoding)) {
    throw new ProvisioningError(
      'request-invalid',
      `${id} takes no user data as ${encoding}, only as ${platform.encodings.join(' or ')}`,
    );
  }
  if (wrap && (format !== 'user-data' || encoding === 'plain')) {
    throw new ProvisioningError('request-invalid', 'only base64 can be wrapped: user data whose encoding is not plain');
  }
  const pointer = makePointer(parts, accepts);
  const config = Buffer.from(`${JSON.stringify(pointer.config)}\n`);
  const value = encodeUserData(config, encoding, wrap);
  const bytes = count(config, value, platform.limit?.of ?? 'value');
  if (id !== undefined && platform.limit !== undefined && bytes > platform.limit.bytes) {
    throw tooLarge(parts, { id, bytes, limit: platform.limit, encodings: platform.encodings, encoding });
  }
  const contents: Readonly<Record<PointerFormat, () => Buffer>> = {
    'user-data': () => value,
    ignition: () => config,
    butane: () => Buffer.from(pointerAsButane(pointer, variant, accepts)),
  };
  return {
    content: contents[format](),
    specVersion: formatSpecVersion(pointer.specVersion),
    encoding,
    bytes,
    ...(platform.limit === undefined ? {} : { limit: platform.limit }),
  };
}

function count(config: Buffer, value: Buffer, of: SizeLimit['of']): number {
  return { config: config.length, base64: 4 * Math.ceil(config.length / 3), value: value.length }[of];
}

/** What is counted, as it stands in a sentence. */
const COUNTED: Readonly<Record<SizeLimit['of'], string>> = {
  config: 'before it is encoded',
  base64: 'as base64',
  value: 'as it is uploaded',
};

function tooLarge(
  { authorities, headers }: PointerParts,
  about: {
    readonly id: PlatformId;
    readonly bytes: number;
    readonly limit: SizeLimit;
    readonly encodings: readonly Encoding[];
    readonly encoding: Encoding;
  },
): ProvisioningError {
  const { id, bytes, limit, encodings, encoding } = about;
  const remedies = [
    ...(limit.of === 'value' && encoding !== 'gzip+base64' && encodings.includes('gzip+base64')
      ? ['upload it as gzip+base64']
      : []),
    ...(authorities.length > 1
      ? [`give only the authority that signs for the service, instead of ${authorities.length} certificates`]
      : []),
    ...(headers.length > 0 ? ['give shorter headers'] : []),
    'give fewer or shorter labels',
  ];
  return new ProvisioningError(
    'pointer-too-large',
    `the pointer has ${bytes} bytes ${COUNTED[limit.of]}, ${bytes - limit.bytes} more than the ${limit.bytes} that ${id} takes; ${remedies.join(', or ')}`,
  );
}

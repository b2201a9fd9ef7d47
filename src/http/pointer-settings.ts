import { Type } from 'typebox';
import { ProvisioningError } from '../errors.ts';
import { parseSpecVersion } from '../ignition/spec-version.ts';
import { POINTER_VARIANTS } from '../pointer/butane-pointer.ts';
import { ENCODINGS } from '../pointer/encode.ts';
import { readHttpTotal } from '../pointer/http-total.ts';
import { isPlatform, PLATFORM_IDS } from '../pointer/platforms.ts';
import type { PointerParts } from '../pointer/pointer.ts';
import { DEFAULT_HTTP_TOTAL_SECONDS, MAX_HTTP_TOTAL_SECONDS } from '../pointer/pointer.ts';
import type { UserDataRequest } from '../pointer/user-data.ts';
import { POINTER_FORMATS } from '../pointer/user-data.ts';

const choice = (values: readonly string[], description: string) =>
  Type.Optional(Type.String({ enum: [...values], description }));

/** What the query may say besides labels; labels of these names can only be given to `pilotlight pointer`. */
export const POINTER_SETTINGS = {
  platform: choice(PLATFORM_IDS, 'Whose limit and encoding count; none by default'),
  format: choice(POINTER_FORMATS, 'What `content` is: what the platform takes, Ignition, or Butane'),
  encoding: choice(ENCODINGS, "Another encoding than the platform's own tool takes"),
  wrap: choice(['true', 'false'], 'Fold base64 into lines of 76 characters'),
  variant: choice(POINTER_VARIANTS, 'The variant of Butane; flatcar by default'),
  merge: choice(['true', 'false'], 'Merge the config over the pointer instead of replacing it'),
  pin: choice(['true', 'false'], 'Let the machine refuse any other config than the one that it gets now'),
  spec: Type.Optional(
    Type.String({
      description: 'The newest spec version that the machine reads',
      examples: ['3.3.0'],
      pattern: '^(?:0|[1-9][0-9]{0,5})(?:\\.(?:0|[1-9][0-9]{0,5})){2}(?:-experimental)?$',
    }),
  ),
  http_total: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: MAX_HTTP_TOTAL_SECONDS,
      description: `Seconds for which the machine tries, 0 for ever; ${DEFAULT_HTTP_TOTAL_SECONDS} by default`,
    }),
  ),
};

/** Settings of a pointer as they stand in a query. */
export type Settings = Readonly<Record<string, string>>;

/** Splits a query into settings and labels. Throws `request-invalid` for a setting that is given twice. */
export function splitQuery(query: object): {
  readonly settings: Settings;
  readonly labels: Readonly<Record<string, unknown>>;
} {
  const settings: Record<string, string> = Object.create(null);
  const labels: Record<string, unknown> = Object.create(null);
  for (const [key, value] of Object.entries(query)) {
    if (!Object.hasOwn(POINTER_SETTINGS, key)) labels[key] = value;
    else if (typeof value === 'string') settings[key] = value;
    else throw new ProvisioningError('request-invalid', `the query key ${key} was given twice`);
  }
  return { settings, labels };
}

/** Reads the settings. Throws `request-invalid` for a value that cannot be. */
export function readSettings(settings: Settings): {
  readonly parts: Pick<PointerParts, 'following' | 'httpTotalSeconds'>;
  readonly pin: boolean;
  readonly userData: UserDataRequest;
} {
  const { platform, spec } = settings;
  if (platform !== undefined && !isPlatform(platform)) throw notAmong('platform', PLATFORM_IDS);
  const accepts = spec === undefined ? undefined : parseSpecVersion(spec);
  if (spec !== undefined && accepts === undefined) {
    throw new ProvisioningError('request-invalid', 'the query key spec must be a version such as 3.3.0');
  }
  const encoding = pick(settings, 'encoding', ENCODINGS);
  return {
    parts: {
      following: isTrue(settings, 'merge') ? 'merge' : 'replace',
      httpTotalSeconds: readHttpTotal(settings.http_total, 'the query key http_total'),
    },
    pin: isTrue(settings, 'pin'),
    userData: {
      format: pick(settings, 'format', POINTER_FORMATS) ?? 'user-data',
      variant: pick(settings, 'variant', POINTER_VARIANTS) ?? 'flatcar',
      wrap: isTrue(settings, 'wrap'),
      ...(platform === undefined ? {} : { platform }),
      ...(encoding === undefined ? {} : { encoding }),
      ...(accepts === undefined ? {} : { accepts }),
    },
  };
}

function isTrue(settings: Settings, key: string): boolean {
  return pick(settings, key, ['true', 'false']) === 'true';
}

function pick<T extends string>(settings: Settings, key: string, values: readonly T[]): T | undefined {
  const text = settings[key];
  const value = values.find((each) => each === text);
  if (text !== undefined && value === undefined) throw notAmong(key, values);
  return value;
}

function notAmong(key: string, values: readonly string[]): ProvisioningError {
  return new ProvisioningError('request-invalid', `the query key ${key} must be one of ${values.join(', ')}`);
}

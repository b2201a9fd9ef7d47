import { isExperimental, knownVersions, specOf } from '../butane/variants.ts';
import type { Origin } from '../diagnostic.ts';
import { ProvisioningError } from '../errors.ts';
import { emitButane } from '../fragment/emit.ts';
import type { MapNode } from '../fragment/node.ts';
import { fromValue } from '../fragment/value.ts';
import type { JsonObject, JsonValue } from '../ignition/json.ts';
import { isList, isObject } from '../ignition/json.ts';
import type { SpecVersion } from '../ignition/spec-version.ts';
import { compareSpecVersions, formatSpecVersion, parseSpecVersion } from '../ignition/spec-version.ts';
import type { Pointer } from './pointer.ts';

/** The variants in which a pointer can be written. */
export const POINTER_VARIANTS = ['flatcar', 'fcos'] as const;

/** A variant in which a pointer can be written. */
export type PointerVariant = (typeof POINTER_VARIANTS)[number];

const ORIGIN: Origin = { file: 'pointer', line: 1, column: 1 };

/**
 * A pointer as Butane, at the oldest version of the variant that has all it needs; butane makes the same config of it, of
 * the spec version that this version stands for. Throws `spec-not-acceptable` where the client reads no spec that new.
 */
export function pointerAsButane(pointer: Pointer, variant: PointerVariant, accepts?: SpecVersion): string {
  const version = knownVersions(variant).find((each) => {
    const spec = isExperimental(each) ? undefined : parseSpecVersion(specOf(variant, each) ?? '');
    return spec !== undefined && compareSpecVersions(spec, pointer.specVersion) >= 0;
  });
  if (version === undefined) {
    throw new ProvisioningError('internal', `no version of the variant ${variant} has what the pointer needs`);
  }
  const spec = parseSpecVersion(specOf(variant, version) ?? '');
  if (accepts !== undefined && spec !== undefined && compareSpecVersions(spec, accepts) > 0) {
    throw new ProvisioningError(
      'spec-not-acceptable',
      `the client accepts Ignition specs up to ${formatSpecVersion(accepts)}, and the oldest Butane of ${variant} gives ${formatSpecVersion(spec)}`,
    );
  }
  const document = { variant, version, ...snakeCased(withoutVersion(pointer.config)) };
  const root = fromValue(document, ORIGIN);
  // A mapping gives a mapping.
  return root.kind === 'map' ? emitButane(root satisfies MapNode) : '';
}

/** Butane has the version of the spec nowhere in its document. */
function withoutVersion({ ignition }: JsonObject): JsonObject {
  if (!isObject(ignition)) return {};
  const { version: _, ...rest } = ignition;
  return { ignition: rest };
}

/** The keys of a pointer as Butane spells them: `httpTotal` is `http_total`. */
function snakeCased(value: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [
      key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      inside(each),
    ]),
  );
}

function inside(value: JsonValue): JsonValue {
  if (isList(value)) return value.map(inside);
  return isObject(value) ? snakeCased(value) : value;
}

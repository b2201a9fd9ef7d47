import assert from 'node:assert/strict';
import type { Config, Environment } from '../../src/config.ts';
import { readConfig } from '../../src/config.ts';
import { isList, isObject, type JsonObject, type JsonValue } from '../../src/ignition/json.ts';
import { runCommand } from './command.ts';

/** Seconds after which the service has ended in any case. */
export const STOP_SECONDS = 9;

/** What the service makes of an environment; fails for a variable that it does not read. */
export async function configFor(environment: Environment): Promise<Config> {
  const known = await knownVariables();
  const unread = Object.keys(environment).filter((name) => name.startsWith('PILOTLIGHT_') && !known.has(name));
  assert.deepEqual(unread, []);
  const result = readConfig({}, environment, false);
  assert.ok(result.ok, JSON.stringify(result));
  return result.config;
}

/** The variables that `pilotlight serve --help` names. */
async function knownVariables(): Promise<ReadonlySet<string>> {
  const { code, out: help } = await runCommand(['serve', '--help']);
  assert.equal(code, 0);
  return new Set(help.match(/PILOTLIGHT_[A-Z_]+/g));
}

/** What stands at a path; null where it leads nowhere. */
export function at(value: JsonValue, ...path: readonly string[]): JsonValue {
  return path.reduce<JsonValue>((inner, key) => object(inner)[key] ?? null, value);
}

/** The mappings in a list; none where there is no list. */
export function items(value: JsonValue, ...path: readonly string[]): readonly JsonObject[] {
  const found = at(value, ...path);
  return isList(found) ? found.map(object) : [];
}

/** The items of a list as texts; none where there is no list. */
export function strings(value: JsonValue | undefined): readonly string[] {
  return isList(value) ? value.map(String) : [];
}

/** Fails unless it is a mapping. */
export function object(value: JsonValue | undefined): JsonObject {
  assert.ok(isObject(value), `${JSON.stringify(value)} is no mapping`);
  return value;
}

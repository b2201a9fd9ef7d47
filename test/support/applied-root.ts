import assert from 'node:assert/strict';
import { lstat, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { embeddedContent } from '../../src/ignition/embedded-content.ts';
import type { JsonObject, JsonValue } from '../../src/ignition/json.ts';
import { isList, isObject } from '../../src/ignition/json.ts';

/** The items of a list somewhere in a config; none where the path leads nowhere. */
export function itemsAt(config: JsonValue, ...path: readonly string[]): readonly JsonObject[] {
  const found = path.reduce<JsonValue | undefined>((value, key) => (isObject(value) ? value[key] : undefined), config);
  return isList(found) ? found.filter((item) => isObject(item)) : [];
}

/**
 * Fails unless everything that a config asks for stands below a root: files with content and mode, links, directories,
 * units with their drop-ins and whether they are enabled, users with their keys.
 */
export async function assertApplied(config: JsonValue, root: string): Promise<void> {
  for (const file of itemsAt(config, 'storage', 'files')) {
    const path = join(root, String(file.path));
    const parts = [file.contents, ...itemsAt(file, 'append')].flatMap((part) => (isObject(part) ? [part] : []));
    const expected = Buffer.concat(parts.map((part) => embeddedContent(part) ?? Buffer.alloc(0)));
    assert.deepEqual(await readFile(path), expected, path);
    const mode = typeof file.mode === 'number' ? file.mode : 0o644;
    assert.equal((await lstat(path)).mode & 0o7777, mode, `${path} has another mode`);
  }
  for (const link of itemsAt(config, 'storage', 'links')) {
    assert.equal(await readlink(join(root, String(link.path))), link.target);
  }
  for (const directory of itemsAt(config, 'storage', 'directories')) {
    assert.ok((await lstat(join(root, String(directory.path)))).isDirectory(), String(directory.path));
  }
  await assertUnits(config, root);
  await assertUsers(config, root);
}

async function assertUnits(config: JsonValue, root: string): Promise<void> {
  const units = itemsAt(config, 'systemd', 'units');
  const preset = await readFile(join(root, 'etc/systemd/system-preset/20-ignition.preset'), 'utf8').catch(() => '');
  for (const unit of units) {
    const path = join(root, 'etc/systemd/system', String(unit.name));
    if (typeof unit.contents === 'string') assert.equal(await readFile(path, 'utf8'), unit.contents);
    for (const dropin of itemsAt(unit, 'dropins')) {
      assert.equal(await readFile(join(`${path}.d`, String(dropin.name)), 'utf8'), dropin.contents);
    }
    if (unit.enabled === true)
      assert.ok(preset.split('\n').includes(`enable ${unit.name}`), `${unit.name} is not enabled`);
  }
}

async function assertUsers(config: JsonValue, root: string): Promise<void> {
  for (const user of itemsAt(config, 'passwd', 'users')) {
    const name = String(user.name);
    const accounts = await readFile(join(root, 'etc/passwd'), 'utf8');
    assert.ok(
      accounts.split('\n').some((line) => line.startsWith(`${name}:`)),
      `there is no user ${name}`,
    );
    const keys = isList(user.sshAuthorizedKeys) ? user.sshAuthorizedKeys : [];
    if (keys.length === 0) continue;
    const written = await readFile(join(root, 'home', name, '.ssh/authorized_keys.d/ignition'), 'utf8');
    for (const key of keys) assert.ok(written.includes(String(key)), `${name} lacks a key`);
  }
}

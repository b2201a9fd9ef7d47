import { spawn } from 'node:child_process';
import { mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { FileTree } from '../../src/fragment/file-tree.ts';

/** JSON data. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** What a program did: its output, or its reports when it refused. */
export type Outcome = { readonly ok: true; readonly output: string } | { readonly ok: false; readonly report: string };

function run(program: string, args: readonly string[], input: string, env: NodeJS.ProcessEnv = {}): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env: { GOMAXPROCS: '1', ...env } });
    const output: Buffer[] = [];
    const report: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => report.push(chunk));
    child.on('error', reject);
    child.on('close', (code) => {
      const text = Buffer.concat(output).toString();
      resolve(code === 0 ? { ok: true, output: text } : { ok: false, report: Buffer.concat(report).toString() + text });
    });
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
  });
}

/** Translates a Butane text with the real butane; warnings are fine. */
export function translate(butane: string, text: string, filesDirectory: string): Promise<Outcome> {
  return run(butane, ['--raw', '--raw-errors', '--files-dir', filesDirectory], text);
}

/**
 * Lets the real Ignition merge configs, the later over the earlier: its fetch stage reads a config that merges them all,
 * and leaves the result in its cache, which is the output. `directory` is emptied and used for the run.
 */
export async function mergeByIgnition(
  ignition: string,
  configs: readonly string[],
  directory: string,
): Promise<Outcome> {
  await rm(directory, { recursive: true, force: true });
  const empty = join(directory, 'empty');
  await mkdir(empty, { recursive: true });
  const root = join(directory, 'root.ign');
  const cache = join(directory, 'cache.json');
  // The query keeps equal configs apart: Ignition refuses two merge entries with one source.
  const merge = configs.map((config, index) => ({ source: `${MARK}${index};base64,${base64(config)}` }));
  await writeFile(root, JSON.stringify({ ignition: { version: '3.6.0', config: { merge } } }));
  const files = ['-config-cache', cache, '-state-file', join(directory, 'state'), '-neednet', join(directory, 'net')];
  const outcome = await run(
    ignition,
    ['-platform', 'file', '-stage', 'fetch', '-root', join(directory, 'sysroot'), ...files, '-log-to-stdout'],
    '',
    {
      IGNITION_CONFIG_FILE: root,
      IGNITION_SYSTEM_CONFIG_DIR: empty,
      IGNITION_SYSTEM_RUNTIME_CONFIG_DIR: empty,
      IGNITION_SYSTEM_LOCAL_CONFIG_DIR: empty,
    },
  );
  return outcome.ok ? { ok: true, output: await readFile(cache, 'utf8') } : outcome;
}

/** Marks the merge entries that {@link mergeByIgnition} itself writes, since Ignition keeps them in its result. */
const MARK = 'data:application/x-layer-';

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

/** Lists of resources whose order means nothing to Ignition, and the key that names their items. */
const UNORDERED: Readonly<Record<string, string>> = {
  files: 'path',
  directories: 'path',
  links: 'path',
  units: 'name',
  dropins: 'name',
  users: 'name',
  groups: 'name',
  disks: 'device',
  filesystems: 'device',
  luks: 'name',
  raid: 'name',
  tang: 'url',
  httpHeaders: 'name',
};

/**
 * An Ignition config by its meaning: without its version, without empty objects, lists and nulls, contents decoded
 * however they were encoded, and lists sorted where their order means nothing.
 */
export function meaningOf(config: string): Json {
  const parsed: Json = JSON.parse(config);
  const meaning = simplify(parsed, '');
  return isObject(meaning) && isObject(meaning.ignition ?? null)
    ? { ...meaning, ignition: without(meaning.ignition ?? null, 'version') }
    : meaning;
}

function simplify(value: Json, key: string): Json {
  if (isList(value)) {
    const items = value.filter((item) => !isMark(item)).map((item) => simplify(item, ''));
    const name = UNORDERED[key];
    if (key === 'sshAuthorizedKeys') return [...items].sort();
    return name === undefined ? items : [...items].sort((a, b) => (nameOf(a, name) < nameOf(b, name) ? -1 : 1));
  }
  if (!isObject(value)) return value;
  const simple = Object.entries(decode(value))
    .map(([name, each]) => [name, simplify(each, name)] as const)
    .filter(([, each]) => each !== null && !(typeof each === 'object' && Object.keys(each).length === 0));
  return Object.fromEntries(simple.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function nameOf(item: Json, key: string): string {
  return isObject(item) ? String(item[key]) : String(item);
}

function isMark(item: Json): boolean {
  return isObject(item) && String(item.source).startsWith(MARK);
}

function decode(resource: { readonly [key: string]: Json }): { readonly [key: string]: Json } {
  const { source, compression, ...rest } = resource;
  if (compression === undefined && source === undefined) return resource;
  const match = typeof source === 'string' ? /^data:[^,]*?(;base64)?,(.*)$/s.exec(source) : null;
  const { content, unpacked } = unpack(match, compression === 'gzip');
  const encoded = compression === 'gzip' && !unpacked ? { compression } : {};
  return { ...rest, ...encoded, ...(content === undefined ? { source: source ?? null } : { content }) };
}

function unpack(match: RegExpExecArray | null, gzip: boolean): { content?: string; unpacked: boolean } {
  if (match === null) return { unpacked: false };
  const bytes =
    match[1] === undefined ? Buffer.from(decodeURIComponent(match[2] ?? '')) : Buffer.from(match[2] ?? '', 'base64');
  if (!gzip) return { content: bytes.toString('latin1'), unpacked: false };
  try {
    return { content: gunzipSync(bytes).toString('latin1'), unpacked: true };
  } catch {
    return { content: bytes.toString('latin1'), unpacked: false };
  }
}

function without(value: Json, key: string): Json {
  if (!isObject(value)) return value;
  const { [key]: _dropped, ...rest } = value;
  return rest;
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

function isObject(value: Json): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Writes a file tree to a directory, for butane to read. */
export async function writeFileTree(files: FileTree, directory: string): Promise<void> {
  for (const [path, entry] of files) {
    const place = join(directory, path);
    await mkdir(entry.kind === 'directory' ? place : dirname(place), { recursive: true });
    if (entry.kind === 'file') await writeFile(place, entry.content, { mode: entry.executable ? 0o755 : 0o644 });
    if (entry.kind === 'link') await symlink(entry.target, place);
  }
}

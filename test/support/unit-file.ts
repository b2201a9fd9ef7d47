import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What a service unit runs, after its drop-ins. */
export interface ServiceUnit {
  /** The commands of each kind, in their order. */
  readonly commands: Readonly<Record<ExecKey, readonly (readonly string[])[]>>;
  readonly env: Readonly<Record<string, string>>;
}

const EXEC_KEYS = ['ExecCondition', 'ExecStartPre', 'ExecStart', 'ExecStartPost'] as const;
type ExecKey = (typeof EXEC_KEYS)[number];

/** Where systemd finds units, the strongest last. */
const FOLDERS = ['usr/lib/systemd/system', 'etc/systemd/system'];

/**
 * Reads a service unit of a tree with its drop-ins as systemd does: the file and the drop-ins of /etc hide those of /usr
 * that have the same name, and drop-ins follow each other by name. Throws where there is no such unit.
 */
export async function readUnit(root: string, name: string): Promise<ServiceUnit> {
  const unit = (await filesOf(root, '.', [name])).get(name);
  if (unit === undefined) throw new Error(`${root} has no unit ${name}`);
  const dropIns = await filesOf(root, `${name}.d`);
  const names = [...dropIns.keys()].filter((each) => each.endsWith('.conf')).sort();
  return serviceOf([unit, ...names.map((each) => dropIns.get(each) ?? '')], root);
}

async function filesOf(root: string, folder: string, names?: readonly string[]): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const place of FOLDERS.map((each) => join(root, each, folder))) {
    for (const name of names ?? (await readdir(place).catch(() => []))) {
      const text = await readFile(join(place, name), 'utf8').catch(() => undefined);
      if (text !== undefined) found.set(name, text);
    }
  }
  return found;
}

async function serviceOf(texts: readonly string[], root: string): Promise<ServiceUnit> {
  const lines = texts.flatMap(settingsOf);
  const env: Record<string, string> = {};
  for (const value of lastOf(lines, 'Environment')) Object.assign(env, assignments(words(value)));
  for (const value of lastOf(lines, 'EnvironmentFile')) {
    const text = await readFile(join(root, value.replace(/^-/, '')), 'utf8').catch((error: unknown) => {
      if (value.startsWith('-')) return '';
      throw error;
    });
    Object.assign(
      env,
      assignments(text.split('\n').flatMap((line) => (/^\s*[#;]/.test(line) ? [] : [words(line).join(' ')]))),
    );
  }
  const commandsOf = (key: ExecKey) => lastOf(lines, key).map((line) => commandOf(line, env));
  return {
    commands: {
      ExecCondition: commandsOf('ExecCondition'),
      ExecStartPre: commandsOf('ExecStartPre'),
      ExecStart: commandsOf('ExecStart'),
      ExecStartPost: commandsOf('ExecStartPost'),
    },
    env,
  };
}

type Setting = readonly [key: string, value: string];

/** The settings of the section [Service]. */
function settingsOf(text: string): readonly Setting[] {
  let section = '';
  const found: Setting[] = [];
  for (const line of text.replace(/\\\n/g, ' ').split('\n')) {
    const header = /^\[(.+)\]\s*$/.exec(line)?.[1];
    if (header !== undefined) section = header;
    const [, key, value] = /^([A-Za-z]+)\s*=\s*(.*)$/.exec(line) ?? [];
    if (section === 'Service' && key !== undefined && value !== undefined) found.push([key, value.trimEnd()]);
  }
  return found;
}

/** The values of a key that adds up, since it was last reset with an empty one. */
function lastOf(lines: readonly Setting[], wanted: string): readonly string[] {
  const values = lines.flatMap(([key, value]) => (key === wanted ? [value] : []));
  return values.slice(values.lastIndexOf('') + 1);
}

/** `${NAME}` stays within its word, `$NAME` alone is split into words; the signs before the path ask for other rights. */
function commandOf(line: string, env: Readonly<Record<string, string>>): readonly string[] {
  return words(line.replace(/^[-@:+!|]+/, '')).flatMap((word) => {
    const alone = /^\$([A-Za-z_]\w*)$/.exec(word)?.[1];
    if (alone !== undefined) return words(env[alone] ?? '');
    return [word.replace(/\$\$|\$\{(\w+)\}/g, (_, name?: string) => (name === undefined ? '$' : (env[name] ?? '')))];
  });
}

/** Splits as systemd does: at blanks, quotes hold together, `%%` is a percent sign. */
function words(line: string): readonly string[] {
  const parts = line.match(/(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|\\.|[^\s"'\\])+/g) ?? [];
  return parts.map((part) =>
    part
      .replace(
        /"((?:\\.|[^"\\])*)"|'((?:\\.|[^'\\])*)'/g,
        (_, double?: string, single?: string) => double ?? single ?? '',
      )
      .replace(/\\(.)/g, '$1')
      .replace(/%%/g, '%'),
  );
}

function assignments(parts: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    parts.flatMap((part) => {
      const [, name, value] = /^(\w+)=(.*)$/s.exec(part) ?? [];
      return name === undefined || value === undefined ? [] : [[name, value]];
    }),
  );
}

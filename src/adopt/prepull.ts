import type { Diagnostic } from '../diagnostic.ts';
import type { Keys } from '../feature/keys.ts';
import { DOCKER_HUB_HOST } from '../feature/overlaybd/credentials.ts';
import type { AdoptedLogin } from './credentials.ts';
import { adoptLogin } from './credentials.ts';
import type { Original, UnitItem } from './original.ts';
import type { Recognition } from './recognition.ts';
import { recognised } from './recognition.ts';
import type { Setting } from './unit-text.ts';
import { parseUnit, splitCommand } from './unit-text.ts';

/** One pull of a command line. */
interface Pull {
  readonly ref: string;
  readonly namespace: string;
  readonly downloadBlobs: boolean;
  readonly plainHttp: boolean;
  /** `user:password`, as it stands there. */
  readonly user?: string;
}

/** A command with rpull, as far as it can be understood. */
type Command =
  | { readonly pull: Pull }
  /** What keeps it from being a pull of the block; names flags, and no values. */
  | { readonly reason: string; readonly user?: string };

/** What the flags of `ctr` and of `rpull` mean. `value` flags take the next word unless it is joined with `=`. */
const FLAGS: Readonly<Record<string, { readonly name: keyof Pull | 'snapshotter'; readonly value: boolean }>> = {
  '-n': { name: 'namespace', value: true },
  '--namespace': { name: 'namespace', value: true },
  '--snapshotter': { name: 'snapshotter', value: true },
  '--download-blobs': { name: 'downloadBlobs', value: false },
  '--plain-http': { name: 'plainHttp', value: false },
  '-u': { name: 'user', value: true },
  '--user': { name: 'user', value: true },
};

/** Reads a command; undefined for one that pulls nothing for overlaybd. */
export function readPull(text: string): Command | undefined {
  if (!/\brpull\b/.test(text)) return undefined;
  const words = splitCommand(text);
  const user = /\s(?:-u|--user)[=\s]+["']?([^\s"']+)/.exec(text)?.[1];
  const other = (reason: string): Command => ({ reason, ...(user === undefined ? {} : { user }) });
  const [program, ...rest] = words ?? [];
  if (program === undefined || !/(?:^|\/)ctr$/.test(program)) return other('it runs rpull by way of another program');
  const given: Partial<Record<string, string | true>> = {};
  const plain: string[] = [];
  for (let index = 0; index < rest.length; index += 1) {
    const word = rest[index] ?? '';
    if (!word.startsWith('-')) {
      plain.push(word);
      continue;
    }
    const [name = '', joined] = /^-[^=]+=/.test(word) ? splitOnce(word) : [word];
    const flag = FLAGS[name];
    if (flag === undefined)
      return other(`the block has nothing for ${/^(?:--[a-z][a-z-]*|-[a-z])$/.test(name) ? name : 'one of its flags'}`);
    if (flag.value && joined === undefined) index += 1;
    given[flag.name] = flag.value ? (joined ?? rest[index] ?? '') : true;
  }
  const [command, ref, ...more] = plain;
  if (command !== 'rpull' || ref === undefined || more.length > 0) return other('its words cannot be told apart');
  if (given.snapshotter !== undefined && given.snapshotter !== 'overlaybd')
    return other('it pulls for another snapshotter');
  if (/[$%]/.test(`${ref}${given.user ?? ''}${given.namespace ?? ''}`))
    return other('it takes values from its environment');
  return {
    pull: {
      ref,
      namespace: typeof given.namespace === 'string' ? given.namespace : 'default',
      downloadBlobs: given.downloadBlobs === true,
      plainHttp: given.plainHttp === true,
      ...(typeof given.user === 'string' ? { user: given.user } : {}),
    },
  };
}

function splitOnce(word: string): readonly [string, string] {
  const at = word.indexOf('=');
  return [word.slice(0, at), word.slice(at + 1)];
}

/** What the units that pull came to: items of `prepull`, and the credentials that stood in their commands. */
export interface Prepulls extends Recognition {
  readonly logins: readonly AdoptedLogin[];
}

/** Units that pull images with rpull. One of which a part has no place in the block stays whole. */
export function recognisePrepulls(
  original: Original,
  known: readonly AdoptedLogin[],
  { criMode, mayAddLogins }: { readonly criMode: boolean; readonly mayAddLogins: boolean },
): Prepulls {
  const parts = original.units.flatMap((unit) => {
    const settings = parseUnit(unit.content?.text ?? '');
    return settings.some(({ value }) => /\brpull\b/.test(value)) ? [{ unit, settings }] : [];
  });
  const logins: AdoptedLogin[] = [];
  const prepull: Keys[] = [];
  const taken: Recognition['taken'][number][] = [];
  const diagnostics: Diagnostic[] = [];
  const seen = new Set<string>();
  for (const { unit, settings } of parts) {
    const commands = settings.filter(({ section, key }) => section === 'Service' && key.startsWith('Exec'));
    const read = commands.map((setting) => ({ setting, command: readPull(setting.value) }));
    for (const { setting, command } of read) diagnostics.push(...visible(original, unit, setting, command));
    const reason = whyNot(unit, read, mayAddLogins);
    if (reason !== undefined) {
      const hint = 'the unit is left as it is';
      diagnostics.push(
        original.report('info', unit.origin, `${unit.name} cannot be told in the block: ${reason}`, hint),
      );
      continue;
    }
    taken.push(unit.node);
    for (const { setting, command } of read) {
      if (command === undefined || !('pull' in command)) continue;
      const { pull } = command;
      const key = `${pull.namespace} ${pull.ref}`;
      if (seen.has(key)) continue;
      seen.add(key);
      prepull.push(itemOf(pull, criMode));
      const login = loginOf(original, unit, setting, pull, [...known, ...logins]);
      if (login !== undefined) logins.push(login);
    }
  }
  return {
    ...recognised({
      found: parts.length > 0,
      block: prepull.length === 0 ? {} : { prepull },
      taken,
      secrets: logins.map(({ secret }) => secret),
      diagnostics,
    }),
    logins,
  };
}

function itemOf({ ref, namespace, downloadBlobs, plainHttp }: Pull, criMode: boolean): Keys {
  return {
    ref,
    ...(namespace === (criMode ? 'k8s.io' : 'default') ? {} : { namespace }),
    ...(downloadBlobs ? { downloadBlobs } : {}),
    ...(plainHttp ? { plainHttp } : {}),
  };
}

interface ReadCommand {
  readonly setting: Setting;
  readonly command: Command | undefined;
}

/** Why a unit has to stay as it is. */
function whyNot(unit: UnitItem, commands: readonly ReadCommand[], mayAddLogins: boolean): string | undefined {
  if (!unit.enabled) return 'it is not enabled, so that something else starts it';
  if (unit.dropins.length > 0) return 'it has drop-ins';
  for (const { setting, command } of commands) {
    if (command === undefined) {
      if (setting.value === '' || /^[-@:+!|]*(?:\/usr)?\/bin\/sleep \d+$/.test(setting.value)) continue;
      return 'it runs other commands as well';
    }
    if ('reason' in command) return command.reason;
    if (!REFERENCE.test(command.pull.ref)) return 'its image is no full reference with a tag or digest';
    if (command.pull.user !== undefined && !command.pull.user.includes(':')) return 'its -u names no password';
    if (command.pull.user !== undefined && !mayAddLogins)
      return 'it has credentials, and those of the machine stand elsewhere';
  }
  return undefined;
}

/** Host, repository, and a tag or digest: what the block takes. */
const REFERENCE =
  /^((?:localhost|[a-z0-9][a-z0-9-]*(?:\.[a-z0-9-]+)+|[a-z0-9][a-z0-9-]*(?=:\d))(?::\d+)?|\[[0-9a-f:.]+\](?::\d+)?)\/([a-z0-9._/-]+)(?::[\w][\w.-]*)?(?:@sha256:[0-9a-f]{64})?$/;

/** Whatever stands in a command can be read by everybody, on the machine and in its config. */
function visible(
  original: Original,
  unit: UnitItem,
  { line }: Setting,
  command: Command | undefined,
): readonly Diagnostic[] {
  const user = command === undefined ? undefined : 'pull' in command ? command.pull.user : command.user;
  const origin = unit.content?.in(line, 1) ?? unit.origin;
  if (user === undefined || /^\$/.test(user)) return [];
  if (!user.includes(':')) {
    const message = '-u without a password asks for it on a terminal, which a unit does not have: the pull fails';
    return [original.report('warning', origin, message, 'name user and password under `credentials`')];
  }
  const message = 'the password stands in the command, which everybody on the machine can read';
  return [original.report('warning', origin, message, 'credentials of the block stand in files of mode 0600')];
}

/** The credentials of a pull, where the machine has none yet for its image. */
function loginOf(
  original: Original,
  unit: UnitItem,
  { line }: Setting,
  { ref, user }: Pull,
  known: readonly AdoptedLogin[],
): AdoptedLogin | undefined {
  const [, host = '', repository = ''] = REFERENCE.exec(ref) ?? [];
  if (user === undefined || host === '') return undefined;
  const real = /^(?:index\.)?docker\.io$/.test(host) ? DOCKER_HUB_HOST : host;
  const key = `${real}/${repository}`;
  if (known.some((login) => key === login.key || key.startsWith(`${login.key}/`))) return undefined;
  const colon = user.indexOf(':');
  const login = { user: user.slice(0, colon), password: user.slice(colon + 1) };
  const origin = unit.content?.in(line, 1) ?? unit.origin;
  return adoptLogin(key, login, known, original.report('info', origin, `the password for ${key}`, ''));
}

import type { Diagnostic } from '../diagnostic.ts';
import type { Keys } from '../feature/keys.ts';
import { CREDENTIALS_FILE, keyOf, parseRegistry } from '../feature/overlaybd/credentials.ts';
import { DEFAULT_CREDENTIALS } from './effective.ts';
import { readJson } from './json-text.ts';
import type { FileItem, Original } from './original.ts';
import type { Recognition, Secret } from './recognition.ts';
import { keysAt, recognised, valueAt } from './recognition.ts';

/** An entry of the list `credentials`, and what it stands for. */
export interface AdoptedLogin {
  /** The key as overlaybd compares it: the beginning of a layer's host and path. */
  readonly key: string;
  readonly entry: Keys;
  readonly secret: Secret;
}

/** The credentials of a document. */
export interface AdoptedCredentials extends Recognition {
  readonly logins: readonly AdoptedLogin[];
  /** The file that the credentials are in stays, and the block names it. */
  readonly kept: boolean;
}

/** A login as a credentials file, or a command line, gives it. */
export interface PlainLogin {
  readonly user: string;
  readonly password: string;
}

/** `user:password` in base64, or both by their names; undefined for what is neither. */
export function readLogin(value: unknown): PlainLogin | undefined {
  const auth = valueAt(value, 'auth');
  const [user, password] = [valueAt(value, 'username'), valueAt(value, 'password')];
  if (typeof auth === 'string' && auth !== '') {
    const plain = Buffer.from(auth, 'base64').toString('utf8');
    const colon = plain.indexOf(':');
    return colon === -1 ? undefined : { user: plain.slice(0, colon), password: plain.slice(colon + 1) };
  }
  return typeof user === 'string' && typeof password === 'string' ? { user, password } : undefined;
}

/**
 * The file that overlaybd reads credentials from. Passwords become parameters, so that the profile can be kept in git; user
 * names stay. What could never match is given the name that does.
 */
export function recogniseCredentials(original: Original, config: Keys): AdoptedCredentials {
  const none = { logins: [], kept: false };
  const { mode, path } = config;
  if (mode !== 'file' || typeof path !== 'string') return { ...recognised({}), ...none };
  const file = original.files.get(path);
  const handmade = file === undefined ? handEdited(original) : [];
  if (file === undefined)
    return { ...recognised({ diagnostics: handmade }), ...none, kept: path !== DEFAULT_CREDENTIALS };
  if (file.content === undefined) {
    const message = 'the credentials stand elsewhere, so that the file is left as it is';
    const hint = 'the block names it; passwords could be parameters if they stood here';
    return {
      ...recognised({ found: true, diagnostics: [original.report('info', file.origin, message, hint)] }),
      logins: [],
      kept: true,
    };
  }
  const json = readJson(file.content, path, original);
  const read = readLogins(keysAt(json.value, 'auths'), (key) => json.at(['auths', key]), original);
  const diagnostics = [...json.diagnostics, ...readable(file, original), ...read.diagnostics];
  const { logins } = read;
  return {
    ...recognised({
      found: true,
      block: logins.length === 0 ? {} : { credentials: logins.map(({ entry }) => entry) },
      taken: [file.node],
      moved: [[CREDENTIALS_FILE, path]],
      secrets: logins.map(({ secret }) => secret),
      diagnostics,
    }),
    logins,
    kept: false,
  };
}

function readLogins(
  auths: Keys,
  at: (key: string) => NonNullable<Diagnostic['origin']>,
  original: Original,
): { readonly logins: readonly AdoptedLogin[]; readonly diagnostics: readonly Diagnostic[] } {
  const diagnostics: Diagnostic[] = [];
  const logins: AdoptedLogin[] = [];
  const fault = (key: string, message: string, hint: string) =>
    diagnostics.push(original.report('warning', at(key), message, hint));
  const names = Object.keys(auths);
  for (const key of names) {
    const place = parseRegistry(key);
    const login = readLogin(auths[key]);
    if (place === undefined || login === undefined) {
      const what = place === undefined ? 'this key is no registry' : 'these are no credentials that overlaybd can read';
      fault(key, `${what}, so that they are never used`, 'they are left out');
      continue;
    }
    const matching = keyOf(place);
    if (matching !== key) {
      if (names.includes(matching) || logins.some((each) => each.key === matching)) {
        fault(key, 'this key never matches, and another entry is for the same registry', 'it is left out');
        continue;
      }
      fault(key, `this key never matches: layers come from ${place.host}`, `the block says ${matching}`);
    }
    const broader = names.slice(0, names.indexOf(key)).find((other) => key.startsWith(`${other}/`));
    if (broader !== undefined) {
      fault(
        key,
        'a shorter key stands before this one, and overlaybd takes the first that matches: this one is never used',
        'in the block the more specific one comes first, so that it is used',
      );
    }
    if (/\s$/.test(login.password)) {
      const message =
        'the password ends in white space, such as the line break that echo adds, which is sent as a part of it';
      fault(key, message, 'give the parameter the password without it');
    }
    logins.push(
      adoptLogin(matching, login, logins, original.report('info', at(key), `the password for ${matching}`, '')),
    );
  }
  return { logins, diagnostics };
}

/** An entry of the block with its secret as a parameter of a name that none of the others has. */
export function adoptLogin(
  key: string,
  { user, password }: PlainLogin,
  others: readonly AdoptedLogin[],
  diagnostic: Diagnostic,
): AdoptedLogin {
  const value = password.trimEnd();
  const whole = user === '' || value === '';
  const base = `${key.replace(/[^a-z0-9]+/g, '_').replace(/^_+|_+$/g, '')}_${whole ? 'auth' : 'password'}`;
  const stem = /^[a-z]/.test(base) ? base : `registry_${base}`;
  const taken = (name: string) => others.some(({ secret }) => secret.name === name);
  let name = stem;
  for (let number = 2; taken(name); number += 1) name = `${stem}_${number}`;
  const template = `{{ parameters.${name} }}`;
  return {
    key,
    entry: { registry: key, ...(whole ? { auth: template } : { username: user, password: template }) },
    secret: {
      name,
      value: whole ? Buffer.from(`${user}:${value}`).toString('base64') : value,
      description: whole ? `The base64 of user:password for ${key}` : `The password for ${key}`,
      diagnostic,
    },
  };
}

/** Ignition makes a file readable by all unless it is told otherwise. */
function readable(file: FileItem, original: Original): readonly Diagnostic[] {
  const mode = file.node.entries.get('mode')?.value;
  const text = mode?.kind === 'scalar' ? mode.text : '0644';
  const bits = /^0o?[0-7]+$/.test(text) ? Number.parseInt(text.replace('o', ''), 8) : Number(text);
  if (Number.isNaN(bits) || (bits & 0o077) === 0) return [];
  const message = 'everybody on the machine can read these credentials';
  return [original.report('warning', mode?.origin ?? file.origin, message, 'the block writes them with mode 0600')];
}

/** Words that change a file, before its name in a line of a script. */
const CHANGES = />|\b(?:tee|cp|mv|sed|install|chmod|vi)\b/;

/** The extension links the file into its own image, which nobody can write to. */
function handEdited(original: Original): readonly Diagnostic[] {
  const texts = [
    ...original.units.flatMap(({ content, dropins }) => [content, ...dropins.map((dropin) => dropin.content)]),
    ...[...original.files.values()].map(({ content }) => content),
  ];
  return texts.flatMap((content) => {
    const at = content?.text.indexOf(DEFAULT_CREDENTIALS) ?? -1;
    if (content === undefined || at === -1) return [];
    const line = content.text.slice(content.text.lastIndexOf('\n', at) + 1, at);
    const change = CHANGES.exec(line);
    if (change === null) return [];
    const message = `this writes to ${DEFAULT_CREDENTIALS}, which is a link into the read-only /usr, and fails`;
    const hint = 'name the credentials in the block, which writes /etc/overlaybd/cred.json';
    return [original.report('warning', content.at(at - line.length + change.index), message, hint)];
  });
}

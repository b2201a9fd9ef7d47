import type { Diagnostic } from '../../diagnostic.ts';
import { writeToml } from '../../fragment/write-toml.ts';
import type { FeatureContext, Part } from '../feature.ts';
import { filePart, unitPart } from '../parts.ts';
import type { Overlaybd, PrepullItem } from './block.ts';
import { chooseContainerd } from './containerd.ts';
import type { Login } from './credentials.ts';
import { DOCKER_HUB_HOST, keyOf } from './credentials.ts';
import { LOGIN_SCRIPT, LOGIN_SCRIPT_PATH } from './login-script.ts';

/** An image reference with all that a pull needs to know. */
interface Reference {
  /** As written, with the host that is meant. */
  readonly text: string;
  /** The host that the reference names. */
  readonly name: string;
  /** The host that is asked. */
  readonly host: string;
  readonly repository: readonly string[];
}

/** The pulls of a block. */
export interface Prepulls {
  readonly fragment: readonly Part[];
  /** Registries that are read over http. */
  readonly httpRegistries: readonly { readonly host: string }[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Credentials of pulls, one directory for each registry's, as containerd's `hosts.toml` and curl's config. */
const LOGINS = '/etc/overlaybd-snapshotter/logins';

/** The client that knows how to pull images for overlaybd; that of Flatcar does not. */
const CTR = '/usr/local/overlaybd/snapshotter/ctr';

/**
 * Units that pull images at boot, one after the other. A pull that was done asks the registry once and does no more, so
 * each is tried until it succeeds. Credentials stand in files that root alone reads, and never on a command line.
 */
export function renderPrepulls(block: Overlaybd, logins: readonly Login[], context: FeatureContext): Prepulls {
  const diagnostics: Diagnostic[] = [];
  const fragment: Part[] = [];
  const http = new Map<string, { readonly host: string }>();
  const names = new Set<string>();
  const used = new Map<string, Part>();
  let before: string | undefined;
  const { mode } = chooseContainerd(block);
  for (const [index, item] of (block.prepull ?? []).entries()) {
    const reference = parseReference(item.ref);
    if (reference === undefined) {
      const hint = 'write host, repository and tag or digest: registry.example.com/team/app:1.2';
      diagnostics.push(context.report('error', ['prepull', index, 'ref'], 'this is no reference of an image', hint));
      continue;
    }
    const namespace = item.namespace ?? (mode === 'cri-default' || mode === 'cri-runtime' ? 'k8s.io' : 'default');
    const name = unitName(reference, namespace);
    if (names.has(name)) {
      const message = 'this image is pulled already';
      diagnostics.push(context.report('error', ['prepull', index, 'ref'], message, 'remove one of the two'));
      continue;
    }
    names.add(name);
    if (item.plainHttp === true) http.set(reference.host, { host: reference.host });
    const login = logins.find((each) => fits(each, reference));
    const files = login === undefined ? [] : loginFiles(login, reference, item, context);
    for (const file of files) used.set(JSON.stringify(file.value), file);
    const contents = unitText({ reference, item, namespace, name, login, before });
    fragment.push(unitPart(context.at('prepull', index), name, { enabled: true, contents }));
    before = name;
  }
  return { fragment: [...used.values(), ...fragment], httpRegistries: [...http.values()], diagnostics };
}

/** The parts of a reference that a unit may hold: whatever is no such part, `%` and `$` among it, is refused. */
const REFERENCE =
  /^((?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])(?::\d{1,5})?)\/([a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*)((?::[\w][\w.-]{0,127})?(?:@sha256:[0-9a-f]{64})?)$/;

function parseReference(text: string): Reference | undefined {
  const [, name = '', repository = '', version = ''] = REFERENCE.exec(text) ?? [];
  // Without a dot, a port or a well-known name the first part is a namespace of Docker Hub, which ctr does not guess.
  if (version === '' || !/[.:]|^localhost$/.test(name)) return undefined;
  const host = name === 'docker.io' || name === 'index.docker.io' ? DOCKER_HUB_HOST : name;
  return { text, name, host, repository: repository.split('/') };
}

/** True for credentials whose key is the beginning of the place. */
function fits({ host, path }: Login, { host: wanted, repository }: Reference): boolean {
  return host === wanted && path.every((segment, index) => repository[index] === segment);
}

function unitName({ text }: Reference, namespace: string): string {
  const slug = (namespace === 'default' ? text : `${namespace}-${text}`)
    .replace(/@sha256:([0-9a-f]{12}).*$/, '-$1')
    .replace(/[^A-Za-z0-9.]+/g, '-')
    .replace(/^[-.]+|[-.]+$/g, '');
  return `overlaybd-prepull-${slug.slice(0, 200)}.service`;
}

function loginDirectory(login: Login): string {
  return `${LOGINS}/${keyOf(login).replace(/[^a-z0-9.]+/g, '-')}`;
}

/** What a pull with these credentials reads. */
function loginFiles(login: Login, reference: Reference, item: PrepullItem, context: FeatureContext): readonly Part[] {
  const origin = context.at('credentials', login.index);
  const directory = loginDirectory(login);
  const server = `${item.plainHttp === true ? 'http' : 'https'}://${reference.host}`;
  if (login.wants === 'basic') {
    const header = { Authorization: `Basic ${login.auth}` };
    const hosts = writeToml({ server, host: { [server]: { capabilities: ['pull', 'resolve'], header } } });
    return [filePart(origin, `${directory}/${reference.name}/hosts.toml`, hosts, 0o600)];
  }
  const user = Buffer.from(login.auth, 'base64').toString('utf8');
  return [
    filePart(origin, `${directory}/curl`, `user = ${JSON.stringify(user)}\n`, 0o600),
    filePart(origin, LOGIN_SCRIPT_PATH, LOGIN_SCRIPT, 0o755),
  ];
}

interface Pull {
  readonly reference: Reference;
  readonly item: PrepullItem;
  readonly namespace: string;
  readonly name: string;
  readonly login: Login | undefined;
  /** The unit of the pull before this one. */
  readonly before: string | undefined;
}

function unitText({ reference, item, namespace, name, login, before }: Pull): string {
  const services = 'overlaybd-snapshotter.service overlaybd-tcmu.service';
  const runtime = name.replace(/\.service$/, '');
  const token = login?.wants === 'token';
  const hosts = login === undefined ? undefined : token ? `/run/${runtime}` : loginDirectory(login);
  const command = [
    CTR,
    '--namespace',
    namespace,
    'rpull',
    '--snapshotter',
    'overlaybd',
    ...(item.downloadBlobs === true ? ['--download-blobs'] : []),
    ...(item.plainHttp === true ? ['--plain-http'] : []),
    ...(hosts === undefined ? [] : ['--hosts-dir', hosts]),
    reference.text,
  ];
  const scheme = item.plainHttp === true ? 'http' : 'https';
  const script = [
    LOGIN_SCRIPT_PATH,
    `${scheme}://${reference.host}`,
    reference.name,
    reference.repository.join('/'),
    login === undefined ? '' : `${loginDirectory(login)}/curl`,
    `/run/${runtime}`,
  ];
  return [
    '[Unit]',
    `Description=Pull ${reference.text} for overlaybd`,
    `Wants=network-online.target ${services}`,
    'Requires=containerd.service',
    `After=network-online.target containerd.service ${services}${before === undefined ? '' : ` ${before}`}`,
    '',
    '[Service]',
    'Type=oneshot',
    'RemainAfterExit=yes',
    'Restart=on-failure',
    'RestartSec=10s',
    ...(token ? [`RuntimeDirectory=${runtime}`, 'RuntimeDirectoryMode=0700', `ExecStartPre=${script.join(' ')}`] : []),
    `ExecStart=${command.join(' ')}`,
    '',
    '[Install]',
    'WantedBy=multi-user.target',
    '',
  ].join('\n');
}

import { createHash } from 'node:crypto';
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
  readonly httpRegistries: readonly string[];
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
  const diagnostics = [...checkPrepulls(block, context)];
  const fragment: Part[] = [];
  const http = new Set<string>();
  const names = new Map<string, string>();
  const files = new Map<string, Part>();
  let before: string | undefined;
  const fault = (index: number, message: string, hint: string) =>
    void diagnostics.push(context.report('error', ['prepull', index, 'ref'], message, hint));
  for (const [index, item] of (block.prepull ?? []).entries()) {
    const reference = parseReference(item.ref);
    if (reference === undefined) {
      const hint = 'write host, repository and tag or digest: registry.example.com/team/app:1.2';
      fault(index, 'this is no reference of an image', hint);
      continue;
    }
    if (reference.host === DOCKER_HUB_HOST && reference.repository.length === 1) {
      const hint = `write docker.io/library/${reference.repository[0]}`;
      fault(index, 'ctr does not add the `library/` that docker adds', hint);
      continue;
    }
    const namespace = item.namespace ?? namespaceFor(block);
    const what = `${namespace} ${reference.text}`;
    const name = unitName(reference, namespace, names);
    if (names.get(name) === what) {
      fault(index, 'this image is pulled already', 'remove one of the two');
      continue;
    }
    names.set(name, what);
    if (item.plainHttp === true) http.add(reference.host);
    const login = logins.find((each) => fits(each, reference));
    // Several images with the same credentials read the same files.
    for (const file of login === undefined ? [] : loginFiles(login, reference, item, context)) {
      files.set(JSON.stringify(file.value), file);
    }
    const contents = unitText({ reference, item, namespace, name, login, before });
    fragment.push(unitPart(context.at('prepull', index), name, { enabled: true, contents }));
    before = name;
  }
  return { fragment: [...files.values(), ...fragment], httpRegistries: [...http], diagnostics };
}

/** Whom images are for unless they say so. */
function namespaceFor(block: Overlaybd): string {
  const { mode } = chooseContainerd(block);
  if (block.snapshotter?.runtimeType === 'docker') return 'moby';
  return mode === 'cri-default' || mode === 'cri-runtime' ? 'k8s.io' : 'default';
}

/** What no pull can do. */
function checkPrepulls(block: Overlaybd, context: FeatureContext): readonly Diagnostic[] {
  if (block.prepull === undefined || block.prepull.length === 0) return [];
  const found: Diagnostic[] = [];
  if (chooseContainerd(block).mode === 'none') {
    const message = 'containerd is left alone here, and unless it is told of overlaybd no pull succeeds';
    found.push(context.report('warning', ['prepull'], message, 'set `containerd.mode: proxy`'));
  }
  const elsewhere = !Array.isArray(block.credentials ?? []) || block.backstore?.credentialConfig !== undefined;
  if (elsewhere) {
    const message = 'pulls know no other credentials than those of a list; these serve for layers alone';
    found.push(context.report('warning', ['prepull'], message, 'list the credentials, or pull public images'));
  }
  return found;
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

/** A name that people recognise; where it is another image's already, some digits tell the two apart. */
function unitName({ text }: Reference, namespace: string, taken: ReadonlyMap<string, string>): string {
  const slug = (namespace === 'default' ? text : `${namespace}-${text}`)
    .replace(/@sha256:([0-9a-f]{12}).*$/, '-$1')
    .replace(/[^A-Za-z0-9.]+/g, '-')
    .replace(/^[-.]+|[-.]+$/g, '');
  const name = `overlaybd-prepull-${slug.slice(0, 180)}.service`;
  const what = `${namespace} ${text}`;
  if ((taken.get(name) ?? what) === what) return name;
  const digits = createHash('sha256').update(what).digest('hex').slice(0, 8);
  return `overlaybd-prepull-${slug.slice(0, 180)}-${digits}.service`;
}

/** One for each key; over http the same registry is told in another way. */
function loginDirectory(login: Login, { plainHttp }: PrepullItem): string {
  return `${LOGINS}/${keyOf(login).replaceAll('/', '+')}${plainHttp === true ? '+http' : ''}`;
}

/** What a pull with these credentials reads. */
function loginFiles(login: Login, reference: Reference, item: PrepullItem, context: FeatureContext): readonly Part[] {
  const origin = context.at('credentials', login.index);
  const directory = loginDirectory(login, item);
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
  const hosts = login === undefined ? undefined : token ? `/run/${runtime}` : loginDirectory(login, item);
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
    login === undefined ? '' : `${loginDirectory(login, item)}/curl`,
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
    // One that hangs holds up those after it.
    'TimeoutStartSec=30min',
    ...(token ? [`RuntimeDirectory=${runtime}`, 'RuntimeDirectoryMode=0700', `ExecStartPre=${script.join(' ')}`] : []),
    `ExecStart=${command.join(' ')}`,
    '',
    '[Install]',
    'WantedBy=multi-user.target',
    '',
  ].join('\n');
}

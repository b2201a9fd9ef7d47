import type { ErrorCode } from '../errors.ts';
import type { ProblemKind } from './problem-kind.ts';

const CLIENT = "the client's";
const AUTHOR = "the site's author";
const SERVICE = "the service's";
const NOBODY = "nobody's; it passes";
const UNKNOWN_MACHINE = 'nobody knows the machine';

/**
 * The only place with status codes, and what each error means. To a booting machine 4xx means "stop, somebody has to
 * come" and 5xx means "ask again", so our own faults and an author's are 503; Ignition knows no other way to wait.
 */
export const PROBLEMS: Readonly<Record<ErrorCode, ProblemKind>> = {
  'request-invalid': {
    status: 400,
    title: 'The request cannot be understood',
    audience: 'machine',
    fault: CLIENT,
    meaning:
      'The request is no HTTP/1.1 that can be read, has broken percent-encoding, more than 16 KiB of headers, or a profile id of more than 256 characters.',
    remedy:
      'Look at the URL that the boot loader builds: a value with % or a space in it has to be percent-encoded. A client that speaks TLS or HTTP/2 to the plain port ends here too.',
  },
  'label-invalid': {
    status: 400,
    title: 'A label has no possible value',
    audience: 'machine',
    fault: CLIENT,
    meaning:
      'A label cannot be what it says: a MAC or UUID that is none, ip in the query of the machine API, a key given twice, a key with other characters, too many labels, a value that is too long or holds control characters. The detail names the label and never its value.',
    remedy: 'Fix the URL in the boot loader. An empty value is fine: it counts as absent.',
    see: [['the rules for labels', 'http.md#labels']],
  },
  'route-not-found': {
    status: 404,
    title: 'There is nothing at this path',
    audience: 'machine',
    fault: CLIENT,
    meaning: 'There is nothing at this path, or not with this method.',
    remedy:
      'Write the path as it is. Paths are literal: /ignition/web/, //ignition/web and /Ignition/web are not /ignition/web.',
  },
  'profile-not-found': {
    status: 404,
    title: 'There is no such profile',
    audience: 'machine',
    fault: CLIENT,
    meaning:
      'The URL names a profile that the site does not have. The id of a profile is its file name without the ending: profiles/worker.yaml is worker.',
    remedy: 'Name one of the profiles that GET /v1/profiles of the operator API lists.',
  },
  'group-not-found': {
    status: 404,
    title: 'There is no such group',
    audience: 'operator',
    fault: CLIENT,
    meaning: 'The URL names a group that the site does not have.',
    remedy: 'Name one of the groups that GET /v1/groups lists.',
  },
  'machine-unknown': {
    status: 404,
    title: 'No group selects a profile for this machine',
    audience: 'machine',
    fault: UNKNOWN_MACHINE,
    meaning:
      'No group that names a profile matches the machine. This is the answer to a machine that nobody registered.',
    remedy:
      'Ask "pilotlight explain" with the same labels, or GET /v1/select: both tell for each group why it does not match. The labels that arrived are in the log. Add a group, or one without match and with low priority for all the others.',
  },
  'machine-waits': {
    status: 503,
    title: 'The machine is unknown, and told to wait',
    audience: 'machine',
    fault: UNKNOWN_MACHINE,
    meaning:
      'No group knows the machine that asks a metadata service. Its client takes 404 for a machine without a config and boots it unprovisioned, so it is told to ask again, and gives up by itself. Every machine waits while the table of neighbours, which tells their MACs, cannot be read.',
    remedy:
      'Write a group that matches the address or the MAC of the machine; the log has both. Where the detail names the table of neighbours, the log says why it cannot be read: for IPv6 it takes "ip" of iproute2 or BusyBox.',
    see: [['which answer each dialect has for unknown machines', 'cloud-metadata.md#unknown-machines']],
  },
  'metadata-refused': {
    status: 403,
    title: 'A metadata service does not answer this request',
    audience: 'machine',
    fault: CLIENT,
    meaning:
      'The request has not the header that every client of this cloud sends, comes from a port that anyone may have, or was passed on by somebody who is no listed proxy. A browser or a program that can be made to fetch URLs asks like this.',
    remedy: 'Send the header that the detail names. List a proxy that stands between with --trusted-proxy.',
    see: [['what each dialect demands', 'cloud-metadata.md#dialects']],
  },
  'metadata-token': {
    status: 401,
    title: 'A session token is needed',
    audience: 'machine',
    fault: CLIENT,
    meaning:
      'The dialect wants a session token that is fetched with PUT first, and there is none, or one that has ended, was issued to another address, or by a service with another key.',
    remedy: 'Fetch a token as the cloud documents it. Replicas share the key of --metadata-key-file.',
    see: [['session tokens', 'cloud-metadata.md#session-tokens']],
  },
  'document-not-found': {
    status: 404,
    title: 'The profile has no such document',
    audience: 'machine',
    fault: AUTHOR,
    meaning:
      'The profile of a matchbox data directory that the groups select names no Ignition, generic or cloud document, or one that does not exist; or it has no boot. Or a profile of a site only boots machines, and has no config.',
    remedy: 'Name the document in the file of the profile and write it; each kind of document has its own folder.',
    see: [['what a data directory holds', 'matchbox.md#the-data-directory']],
  },
  'parameter-missing': {
    status: 404,
    title: 'The profile needs a value that nobody gave for this machine',
    audience: 'machine',
    fault: UNKNOWN_MACHINE,
    meaning:
      'The profile needs a value that this machine does not have: a required parameter that no group and no default gives, or a label or machine value that a template reads and the request did not carry. The detail names it.',
    remedy:
      'Give the parameter in a group that matches the machine, in site.yaml, or as a default of the schema. For a label, add it to the URL, or write {{ labels.rack | default: "none" }} in the template.',
    see: [['site.yaml', 'site.md#siteyaml']],
  },
  'spec-not-acceptable': {
    status: 406,
    title: 'The client is too old for this config',
    audience: 'machine',
    fault: 'the client is too old for the profile',
    meaning:
      'The client reads specs up to the one in its Accept header, and the config needs a newer one. The detail names the keys that need it, when they are known.',
    remedy:
      'Boot a newer release, or take those keys out, or lower the version of the profile. "pilotlight render PROFILE --spec 3.3.0" shows what such a client gets.',
    see: [['spec versions', 'http.md#spec-versions']],
  },
  'pointer-too-large': {
    status: 400,
    title: 'The pointer is too large for the platform',
    audience: 'operator',
    fault: CLIENT,
    meaning:
      'The config that leads a machine to the service is larger than the user data of its platform may be. The detail says by how much, and what counts.',
    remedy: 'Give fewer or shorter labels. With "pilotlight pointer", give fewer authorities and shorter headers too.',
    see: [['limits of the platforms', 'pointer.md#platforms']],
  },
  unauthorized: {
    status: 401,
    title: 'A bearer token is needed',
    audience: 'operator',
    fault: CLIENT,
    meaning:
      'Where the service has a token, the request has none or a wrong one. Where it has none, the Host header is not a loopback name.',
    remedy:
      'With a token, send Authorization: Bearer TOKEN. Without one, ask http://127.0.0.1:8081 or http://localhost:8081, or start the service with --operator-token-file.',
  },
  'asset-not-found': {
    status: 404,
    title: 'There is no such asset',
    audience: 'machine',
    fault: CLIENT,
    meaning:
      'The folder of assets does not exist, or holds no regular file of this name: it is missing, is a folder, has a name that begins with a dot, or is a link that leads out of the folder. The detail says which.',
    remedy:
      'Look at the URL in the boot script, and at the folder assets/ of the site or the one that --assets names. Names are as they are on disk, in upper and lower case.',
    see: [['assets', 'assets.md']],
  },
  'asset-unreadable': {
    status: 503,
    title: 'The asset cannot be read',
    audience: 'machine',
    fault: SERVICE,
    meaning:
      'The file is there and the system does not let the service read it: it may not, the disk is broken, or too many files are open. The detail has the word of the system, such as EACCES.',
    remedy: 'Let the user of the service read the file and every folder above it, and look at the disk.',
    see: [['assets', 'assets.md']],
  },
  'precondition-failed': {
    status: 412,
    title: 'The asset is not the one that was meant',
    audience: 'machine',
    fault: CLIENT,
    meaning:
      'The request says with If-Match or If-Unmodified-Since which version of the file it is for, and now there is another one.',
    remedy: 'Download the file from its beginning.',
    see: [['assets', 'assets.md']],
  },
  'range-not-satisfiable': {
    status: 416,
    title: 'The asset has no such part',
    audience: 'machine',
    fault: CLIENT,
    meaning:
      'The Range header wants bytes from behind the end of the file, is no range, or asks for more than 16 parts. The header Content-Range of the answer tells the size of the file.',
    remedy:
      'Ask for a part that is there, or for the whole file. A download that goes on where it stopped should send If-Range as well.',
    see: [['assets', 'assets.md']],
  },
  'revision-not-found': {
    status: 404,
    title: 'There is no such revision',
    audience: 'operator',
    fault: CLIENT,
    meaning:
      'The comparison names a revision that the service never had, or does not keep any more: it keeps the last eight. Or the list of reports has changed since the answer that after is from.',
    remedy:
      'GET /v1/revisions lists the last ones and says which are comparable. pilotlight diff compares two directories. A walk through the reports begins again without after.',
  },
  'revision-refused': {
    status: 409,
    title: 'The new revision breaks what the served one renders',
    audience: 'operator',
    fault: AUTHOR,
    meaning:
      'The site was read again, and it does not parse, or the new revision breaks something that the served one renders. So the served one stays, and machines get what they got before.',
    remedy:
      'GET /v1/revision tells what broke. Repair the site, or send POST /v1/reload?force=true to accept a new revision that breaks something; one that does not parse is never served.',
  },
  'selection-ambiguous': {
    status: 503,
    title: 'Groups contradict each other for this machine',
    audience: 'machine',
    fault: AUTHOR,
    meaning:
      'Two groups match the machine, are equally specific, and name different profiles or give different values for one parameter. Neither is ever chosen by chance. The detail names both.',
    remedy:
      'Give one of them a higher priority or one more key in match. "pilotlight lint" warns of such pairs before a machine meets them.',
  },
  'profile-broken': {
    status: 503,
    title: 'The profile has faults',
    audience: 'machine',
    fault: AUTHOR,
    meaning:
      'The profile has faults: YAML or templates that do not parse, keys that butane does not know, a fragment that is missing, a parameter with a wrong value, or a group that names a profile which does not exist. A less specific group never stands in for it.',
    remedy: 'Mend what "pilotlight lint" shows: each fault with its line. GET /v1/reports shows the same.',
    see: [['reports', 'reports.md']],
  },
  'boot-missing': {
    status: 404,
    title: 'The profile has no boot',
    audience: 'start',
    fault: AUTHOR,
    meaning:
      'The profile that was selected or named says nothing about booting it over the network. A boot loader that asks for it is told so in a script, and does what site.yaml says of unknown machines.',
    remedy: 'Write boot: with a kernel into the profile, or have a group select another one.',
    see: [['network boot', 'network-boot.md']],
  },
  'boot-broken': {
    status: 503,
    title: 'The boot of the profile has faults',
    audience: 'machine',
    fault: AUTHOR,
    meaning:
      'What the profile says under boot: does not become a script for this machine and boot loader: a value cannot be quoted, the command line is too long, or the URL of the service is not known. A boot loader is told so in a script, waits, and asks again.',
    remedy:
      'Mend what "pilotlight lint" shows: each fault with its line. "pilotlight boot" shows the script of any machine.',
    see: [['network boot', 'network-boot.md#faults-on-the-console']],
  },
  'site-invalid': {
    status: 503,
    title: 'The site has faults',
    audience: 'start',
    fault: AUTHOR,
    meaning: 'The site has faults that concern all of it, or its directory cannot be read.',
    remedy: 'Mend what was printed: every fault has its file, line and column.',
    see: [['faults of the whole site', 'site.md#faults']],
  },
  'not-ready': {
    status: 503,
    title: 'The service is not ready',
    audience: 'machine',
    fault: NOBODY,
    meaning:
      'The service is starting and has not read its site yet, or it is stopping. The listeners open before the site is read, so that machines wait instead of meeting a closed port. As the answer to a reload: the service could not find out whether the site is good, and tries again by itself.',
    remedy: 'Wait. If it lasts, look at the log: a start that fails ends the process.',
  },
  'queue-full': {
    status: 503,
    title: 'Too much is waiting to be rendered',
    audience: 'machine',
    fault: NOBODY,
    meaning:
      '256 translations wait for their turn already, or the turn of this one would come later than in 8 seconds. The detail says which. Profiles take turns, and when all places are taken, the one with the most waiting gives up its newest. Machines that ask later, and find their config made, are served from memory.',
    remedy: 'Wait. If it happens often, give the service more processor cores: it runs one butane for each of them.',
    see: [['sizing', 'operations.md#sizing']],
  },
  'render-timeout': {
    status: 503,
    title: 'The config was not ready in time',
    audience: 'machine',
    fault: NOBODY,
    meaning:
      'The config was not ready within 8 seconds, or butane took longer than 5. The detail says which. After the 8 seconds the work goes on, and the next request finds it done.',
    remedy: 'Look for very large files in the profile, or for a machine that is too small.',
  },
  'butane-failed': {
    status: 503,
    title: 'butane failed',
    audience: 'machine',
    fault: SERVICE,
    meaning:
      'The butane process crashed, was killed (by its memory limit, say), printed more than 32 MiB, or could not be started. The detail says which, without what it printed. Nothing is wrong with the request.',
    remedy: 'Look whether the binary is still in place, and whether the system kills processes for memory.',
  },
  'butane-missing': {
    status: 503,
    title: 'butane is missing',
    audience: 'machine',
    fault: SERVICE,
    meaning:
      'There is no butane. A start or a command ends with exit code 1. A service that runs goes on with the configs that it has in memory, and cannot make others.',
    remedy: 'Install Go and run "npm run setup", or put a butane binary into PATH, or name one with --butane FILE.',
  },
  'config-invalid': {
    status: 503,
    title: 'The service is configured wrongly',
    audience: 'start',
    fault: "the operator's",
    meaning:
      "A setting of the service cannot be used where it runs: the operator token file cannot be read or holds no token, a listener's address is taken, there is no directory for the copy of files/, or a pointer was asked for and nobody knows the public URL. The message says which.",
    remedy: 'Mend the setting that the message names.',
    see: [['settings', 'cli.md#settings']],
  },
  'request-timeout': {
    status: 503,
    title: 'The request did not arrive in time',
    audience: 'machine',
    fault: "the network's",
    meaning: 'The request did not arrive whole within 10 seconds.',
    remedy:
      'Look at the network between the machine and the service: this is a slow or broken line, or somebody who holds connections open.',
  },
  internal: {
    status: 503,
    title: 'Something went wrong inside the service',
    audience: 'machine',
    fault: SERVICE,
    meaning:
      'Something happened that nobody foresaw. The client is told nothing of it; the log has the error as "unforeseen fault", with the same reqId.',
    remedy: 'Please report it with that log entry.',
  },
};

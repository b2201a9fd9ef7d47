import type { FeatureContext, Part } from '../feature.ts';
import { filePart, unitPart } from '../parts.ts';
import { archSuffix, BAKERY_SERVER, HAS_PATCH, imageDirectory, isUpdated } from './bakery.ts';
import type { BakeryItem, Sysext } from './block.ts';
import { imageLink } from './disable.ts';

/** The tool; not in the PATH of every release. */
const SYSUPDATE = '/usr/lib/systemd/systemd-sysupdate';

/** What people and reboot managers such as kured look for. */
const REBOOT_FLAG = '/run/reboot-required';

/** How many images of an extension are kept, the running one among them. */
const KEPT = 3;

/**
 * What makes systemd-sysupdate fetch newer images: for each extension what it looks for, and a command in the service
 * that the timer starts; for all of them the timer, and a transfer that finds nothing.
 */
export function renderUpdates({ bakery = [] }: Sysext, context: FeatureContext): readonly Part[] {
  const updated = bakery.flatMap((item, index) => (isUpdated(item) ? [{ item, index }] : []));
  const [first] = updated;
  if (first === undefined) return [];
  const origin = context.at('bakery', first.index, 'update');
  const dropins = updated.map(({ item }) => ({ name: `${item.name}.conf`, contents: commandOf(item) }));
  return [
    ...updated.map(({ item, index }) =>
      filePart(
        context.at('bakery', index, 'update'),
        `/etc/sysupdate.${item.name}.d/${item.name}.conf`,
        transferOf(item),
      ),
    ),
    filePart(origin, '/etc/sysupdate.d/noop.conf', NOTHING),
    unitPart(origin, 'systemd-sysupdate.timer', { enabled: true }),
    unitPart(origin, 'systemd-sysupdate.service', { dropins }),
  ];
}

/** The service updates the system itself as well, fails where nothing tells it how, and is told of what there never is. */
const NOTHING = ini([
  [
    'Source',
    [
      ['Type', 'regular-file'],
      ['Path', '/'],
      ['MatchPattern', 'invalid@v.raw'],
    ],
  ],
  [
    'Target',
    [
      ['Type', 'regular-file'],
      ['Path', '/'],
    ],
  ],
]);

/** Where newer images are, and where they go. */
function transferOf(item: BakeryItem): string {
  const version = item.update === 'patch' ? (HAS_PATCH.exec(item.version)?.[1] ?? '') : '';
  return ini([
    // The images are not signed: what vouches for them is the server, and the list of digests beside them.
    ['Transfer', [['Verify', 'false']]],
    [
      'Source',
      [
        ['Type', 'url-file'],
        ['Path', directoryOf(item)],
        ['MatchPattern', `${item.name}-${version}@v-${archSuffix(item)}.raw`],
      ],
    ],
    [
      'Target',
      [
        ['InstancesMax', String(KEPT)],
        ['Type', 'regular-file'],
        ['Path', imageDirectory(item)],
        ['CurrentSymlink', imageLink(item.name)],
      ],
    ],
  ]);
}

/** The directory that has `SHA256SUMS`; the bakery has one for each extension, which is shorter than that of all. */
function directoryOf({ name, source }: BakeryItem): string {
  return source === undefined ? `${BAKERY_SERVER}${name}/` : source.slice(0, source.lastIndexOf('/') + 1);
}

/** Updates one extension, and asks for a reboot when that gave it another image. */
function commandOf({ name }: BakeryItem): string {
  const current = `$(readlink --canonicalize ${imageLink(name)})`;
  const script = [
    `before=${current}`,
    `${SYSUPDATE} --component=${name} update || exit`,
    `test "$before" = "${current}" || touch ${REBOOT_FLAG}`,
  ].join('; ');
  // systemd itself would fill in what follows a single dollar sign.
  return ini([['Service', [['ExecStartPre', `/usr/bin/sh -c '${script.replaceAll('$', '$$$$')}'`]]]]);
}

type Section = readonly [name: string, entries: readonly (readonly [key: string, value: string])[]];

/** A file as systemd reads it, to which a percent sign is more than itself. The schema of the block keeps values to one line. */
function ini(sections: readonly Section[]): string {
  const entry = ([key, value]: readonly [string, string]): string => `${key}=${value.replaceAll('%', '%%')}`;
  return sections.map(([name, entries]) => [`[${name}]`, ...entries.map(entry), ''].join('\n')).join('\n');
}

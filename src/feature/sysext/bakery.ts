import type { Diagnostic } from '../../diagnostic.ts';
import type { FeatureContext, Part } from '../feature.ts';
import { linkPart } from '../parts.ts';
import type { BakeryItem, Sysext } from './block.ts';
import { imageLink } from './disable.ts';
import type { Architecture } from './official.ts';
import { DEFAULT_EXTENSIONS } from './official.ts';

/** The server of the bakery: all images in one directory, as far as a client can see. */
export const BAKERY_SERVER = 'https://extensions.flatcar.org/extensions/';

/** The architecture of an image, in the words of Flatcar's releases. */
export function architectureOf({ architecture }: BakeryItem): Architecture {
  return architecture === 'arm64' ? 'arm64' : 'amd64';
}

/** The same in the words of systemd, which file names are made of. */
export function archSuffix(item: BakeryItem): 'x86-64' | 'arm64' {
  return architectureOf(item) === 'arm64' ? 'arm64' : 'x86-64';
}

/** Where the images of an extension lie on the machine, old and new ones. */
export function imageDirectory({ name }: BakeryItem): string {
  return `/opt/extensions/${name}`;
}

/** The name that the bakery gives an image, and that systemd-sysupdate reads the version from. */
function imageFile(item: BakeryItem): string {
  return `${item.name}-${item.version}-${archSuffix(item)}.raw`;
}

/** The images, and the links by which systemd finds them. */
export function renderImages({ bakery = [] }: Sysext, context: FeatureContext): readonly Part[] {
  return bakery.flatMap((item, index) => {
    const path = `${imageDirectory(item)}/${imageFile(item)}`;
    const contents = {
      source: item.source ?? `${BAKERY_SERVER}${imageFile(item)}`,
      ...(item.hash === undefined ? {} : { verification: { hash: item.hash } }),
    };
    const value = { path, overwrite: true, mode: 0o644, contents };
    const origin = context.at('bakery', index);
    const source = item.source === undefined ? origin : context.at('bakery', index, 'source');
    return [
      { section: 'files', origin: source, value },
      linkPart(context.at('bakery', index, 'name'), imageLink(item.name), path),
    ];
  });
}

/** What is said about an image: how bad it is, about which key, what it is, and what to do. */
type Objection = readonly [severity: 'error' | 'warning', key: keyof BakeryItem, message: string, hint: string];

type ImageRule = (item: BakeryItem, index: number, block: Sysext) => Objection | undefined;

/** What is wrong or doubtful about the images. */
export function checkImages(block: Sysext, context: FeatureContext): readonly Diagnostic[] {
  return (block.bakery ?? []).flatMap((item, index) =>
    IMAGE_RULES.flatMap((rule) => {
      const objection = rule(item, index, block);
      if (objection === undefined) return [];
      const [severity, key, message, hint] = objection;
      return [context.report(severity, ['bakery', index, key], message, hint)];
    }),
  );
}

/** What an image of the bakery holds another build of, where two are laid over each other. */
const REPLACES: Readonly<Record<string, (typeof DEFAULT_EXTENSIONS)[number]>> = {
  containerd: 'containerd-flatcar',
  docker: 'docker-flatcar',
};

/** Extensions whose software must not skip a minor version. */
const STEP_BY_STEP: readonly string[] = ['kubernetes', 'rke2'];

const IMAGE_RULES: readonly ImageRule[] = [
  ({ name }, index, { bakery = [] }) =>
    bakery.findIndex((each) => each.name === name) < index
      ? ['error', 'name', 'this extension is taken from the bakery already', 'remove one of the two']
      : undefined,

  ({ name }) => {
    const taken = DEFAULT_EXTENSIONS.some((each) => each === name) || /^(?:flatcar|oem)-/.test(name);
    return taken
      ? ['error', 'name', "the link of this name is Flatcar's own", 'give the image another name']
      : undefined;
  },

  (item, _, { bakery = [] }) => {
    const [first] = bakery;
    return first !== undefined && architectureOf(first) !== architectureOf(item)
      ? [
          'error',
          'architecture',
          `another image is for ${architectureOf(first)}, and a machine has one architecture`,
          'for both kinds write "{{ machine.arch }}"',
        ]
      : undefined;
  },

  ({ source }) =>
    source === undefined || URL.canParse(source)
      ? undefined
      : ['error', 'source', 'this is no URL', 'write https://, a host and a path'],

  ({ source, hash }) =>
    source?.startsWith('http://') === true && hash === undefined
      ? [
          'warning',
          'source',
          'the image comes over http without a digest, so that whoever is on the way can exchange it',
          'give its `hash`, or use https',
        ]
      : undefined,

  (item) =>
    isUpdated(item) && item.source !== undefined && !item.source.endsWith(`/${imageFile(item)}`)
      ? [
          'error',
          'source',
          `newer versions would not be found beside it: systemd-sysupdate reads them from names like ${imageFile(item)}`,
          'name the file so on the server, or take `update` out',
        ]
      : undefined,

  ({ update, version }) =>
    update === 'patch' && !HAS_PATCH.test(version)
      ? [
          'error',
          'update',
          'this version has no patch number, so that nothing says which ones are near enough',
          'write `update: true`, or a version of three numbers',
        ]
      : undefined,

  ({ name, update }) =>
    update === true && STEP_BY_STEP.includes(name)
      ? [
          'warning',
          'update',
          'a new minor version would be installed as well, and a cluster must be taken there step by step',
          'write `update: patch`',
        ]
      : undefined,

  ({ name }, _, { disable = [] }) => {
    const replaced = Object.hasOwn(REPLACES, name) ? REPLACES[name] : undefined;
    return replaced === undefined || disable.includes(replaced)
      ? undefined
      : [
          'warning',
          'name',
          `Flatcar's own ${replaced} is not switched off, and two would be laid over each other`,
          `add ${replaced} to \`disable\``,
        ];
  },
];

/** A version up to its minor number, with what follows it. */
export const HAS_PATCH = /^(v?\d+\.\d+\.)(\d.*)$/;

/** True for an image that newer ones are looked for. */
export function isUpdated({ update }: BakeryItem): boolean {
  return update === true || update === 'patch';
}

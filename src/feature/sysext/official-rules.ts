import type { Diagnostic } from '../../diagnostic.ts';
import { nearest } from '../../fragment/nearest.ts';
import type { FeatureContext } from '../feature.ts';
import type { FlatcarRelease } from '../flatcar-release.ts';
import { describeRelease, isBefore } from '../flatcar-release.ts';
import { architectureOf } from './bakery.ts';
import type { Sysext } from './block.ts';
import { DEFAULT_EXTENSIONS, LAST_WITHOUT_LIST, OFFICIAL_EXTENSIONS } from './official.ts';

/** What a rule has to say about a name: what is wrong, and what to do. */
type Objection = readonly [message: string, hint: string];

/** Looks at one name of `enable`. */
type NameRule = (name: string, index: number, block: Sysext, context: FeatureContext) => Objection | undefined;

/** What would keep a machine with these official extensions from booting, or them from being there. */
export function checkEnabled(block: Sysext, context: FeatureContext): readonly Diagnostic[] {
  return (block.enable ?? []).flatMap((name, index) => {
    for (const rule of NAME_RULES) {
      const objection = rule(name, index, block, context);
      if (objection !== undefined) return [context.report('error', ['enable', index], ...objection)];
    }
    return [];
  });
}

/** The first that objects speaks for a name: what comes after it takes for granted what comes before. */
const NAME_RULES: readonly NameRule[] = [
  (name, index, { enable = [] }) =>
    enable.indexOf(name) < index ? ['this extension is enabled already', 'remove one of the two'] : undefined,

  (name, _, { disable = [] }) => {
    if (!isDefault(name)) return undefined;
    return disable.some((each) => each === name)
      ? ['this extension is both enabled and disabled', 'take it out of one of the two lists']
      : ['this extension is part of the image, and on already', 'remove it'];
  },

  (name) => {
    if (Object.hasOwn(OFFICIAL_EXTENSIONS, name)) return undefined;
    const names = Object.keys(OFFICIAL_EXTENSIONS);
    const meant = nearest(name, names);
    return [
      'no release of Flatcar has an extension of this name: the machine would not boot',
      meant === undefined
        ? `the official ones are ${names.join(', ')}; another one belongs under \`bakery\``
        : `did you mean \`${meant}\`?`,
    ];
  },

  (name, _, __, { release }) => (release === undefined ? undefined : missingFrom(release, name)),

  (name, _, { bakery = [] }) => {
    const other = bakery
      .map(architectureOf)
      .find((each) => OFFICIAL_EXTENSIONS[name]?.architectures.includes(each) === false);
    return other === undefined
      ? undefined
      : [
          `no release has this extension for ${other}, which \`bakery\` says the machine is: it would not boot`,
          'remove it, or give that machine a profile of its own',
        ];
  },

  (name, index, { enable = [] }) => {
    const isDriver = (each: string): boolean => each.startsWith('nvidia-drivers-');
    const first = enable.findIndex(isDriver);
    return isDriver(name) && first < index
      ? [`two drivers for one kind of device, with \`${enable[first]}\` as the other`, 'enable one of the two']
      : undefined;
  },

  (name, _, { bakery = [] }) =>
    bakery.some((each) => each.name === name)
      ? ['this extension is also taken from the bakery, and two would be laid over each other', 'remove one of the two']
      : undefined,
];

function missingFrom(release: FlatcarRelease, name: string): Objection | undefined {
  const first = OFFICIAL_EXTENSIONS[name]?.first;
  if (first === undefined || !isBefore(release.version, first)) return undefined;
  const hint = `the first release that has it is ${first.join('.')}`;
  const named = describeRelease(release);
  if (release.version[0] <= LAST_WITHOUT_LIST) {
    return [`Flatcar ${named} is older than official extensions, and does not read the list of them`, hint];
  }
  return [`Flatcar ${named} has no extension \`${name}\`: the machine would not boot`, hint];
}

function isDefault(name: string): boolean {
  return DEFAULT_EXTENSIONS.some((each) => each === name);
}

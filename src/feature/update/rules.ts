import type { Diagnostic, Severity } from '../../diagnostic.ts';
import { nearest } from '../../fragment/nearest.ts';
import type { PathSegment } from '../../fragment/node.ts';
import type { FeatureContext } from '../feature.ts';
import type { Update } from './block.ts';
import { isPlain } from './key-values.ts';
import { parseLength, parseStart } from './window.ts';

/** What a rule finds: how bad it is, where in the block, what it is, and what to do. */
type Finding = readonly [severity: Severity, path: readonly PathSegment[], message: string, hint: string];

/** What is wrong or doubtful about the block. */
export function checkUpdate(block: Update, context: FeatureContext): readonly Diagnostic[] {
  return RULES.flatMap((rule) => {
    const finding = rule(block);
    return finding === undefined ? [] : [context.report(...finding)];
  });
}

/** The groups of Flatcar's own update server. */
const PUBLIC_GROUPS = ['stable', 'beta', 'alpha', 'lts'];

/** Minutes of a day and of a week. */
const DAY = 24 * 60;
const WEEK = 7 * DAY;

const RULES: readonly ((block: Update) => Finding | undefined)[] = [
  (block) =>
    Object.keys(block).length === 0
      ? ['warning', [], 'the block says nothing, and nothing comes of it', 'give one of its keys, or remove it']
      : undefined,

  ({ group }) => unlessPlain('group', group),
  ({ machineAlias }) => unlessPlain('machineAlias', machineAlias),

  ({ group, server }) => {
    if (group === undefined || server !== undefined || !isPlain(group)) return undefined;
    if (PUBLIC_GROUPS.includes(group) || /^lts-\d{4}$/.test(group)) return undefined;
    const meant = nearest(group, PUBLIC_GROUPS);
    const hint =
      meant === undefined
        ? `write one of ${PUBLIC_GROUPS.join(', ')}, or name your \`server\``
        : `did you mean \`${meant}\`?`;
    return ['warning', ['group'], "Flatcar's own update server has no such group, and would give no updates", hint];
  },

  ({ server }) =>
    server === undefined || server === 'disabled' || isServer(server)
      ? undefined
      : [
          'error',
          ['server'],
          'this is no URL that update_engine would ask',
          'write `disabled`, or a URL such as https://updates.example.com/v1/update/, without quotes, `$` and spaces',
        ],

  ({ window }) =>
    window === undefined || parseStart(window.start) !== undefined
      ? undefined
      : [
          'error',
          ['window', 'start'],
          'this is no time that locksmithd reads, and without one it does not start',
          'write a time of 24 hours, with a short day or without: `04:00`, `Thu 04:00`',
        ],

  ({ window }) =>
    window === undefined || parseLength(window.length) !== undefined
      ? undefined
      : [
          'error',
          ['window', 'length'],
          'this is no length that locksmithd reads, and without one it does not start',
          'write hours, minutes and seconds, more than none: `1h30m`, `45m`',
        ],

  ({ window, reboot }) =>
    window !== undefined && reboot === 'off'
      ? [
          'warning',
          ['window'],
          'locksmithd does nothing with `reboot: off`, and reads no window',
          'remove `window`, or write `reboot: reboot`',
        ]
      : undefined,

  ({ window }) => {
    const period = window === undefined ? undefined : parseStart(window.start)?.day === undefined ? DAY : WEEK;
    const minutes = window === undefined ? undefined : parseLength(window.length);
    return period !== undefined && minutes !== undefined && minutes >= period
      ? ['warning', ['window', 'length'], 'the window never closes', 'make it shorter, or remove `window`']
      : undefined;
  },
];

function unlessPlain(key: 'group' | 'machineAlias', value: string | undefined): Finding | undefined {
  return value === undefined || isPlain(value)
    ? undefined
    : [
        'error',
        [key],
        'this would be more than one value, or another one, to one of the programs that read the file',
        'use letters, digits, spaces between them, and . _ : @ / + , = ( ) # -',
      ];
}

function isServer(text: string): boolean {
  return /^https?:\/\/[A-Za-z0-9._~:/?@&*+,;=%[\]-]+$/.test(text) && URL.canParse(text);
}

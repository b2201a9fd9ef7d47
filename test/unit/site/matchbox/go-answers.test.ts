import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { detectContentType } from '../../../../src/matchbox/content-type.ts';
import { parseMatchboxGroup } from '../../../../src/site/matchbox/group.ts';
import { parseMatchboxProfile } from '../../../../src/site/matchbox/profile.ts';
import { parseMac, readLabels } from '../../../../src/site/matchbox/query.ts';
import { type Answered, readAnswers } from '../../../support/go-matchbox/answers.ts';
import type { QuestionKind } from '../../../support/go-matchbox/cases.ts';

/** What Go takes and we do not, on purpose: the input, and why. */
const REFUSED: readonly (readonly [kind: QuestionKind, input: string, reason: string])[] = [
  ['group', 'null', 'a file that says nothing would match every machine'],
];

/** What ours makes of an input. */
type Ours = { readonly ok: false } | { readonly ok: true; readonly value: unknown };

const OURS: Readonly<Record<QuestionKind, (input: Buffer) => Ours>> = {
  'content-type': (input) => ({ ok: true, value: detectContentType(input) }),
  mac(input) {
    const value = parseMac(input.toString());
    return value === undefined ? { ok: false } : { ok: true, value };
  },
  query: (input) => ({ ok: true, value: toObject(readLabels(input.toString())) }),
  group(input) {
    const { value } = parseMatchboxGroup('g', input, 'groups/g.json');
    if (value === undefined) return { ok: false };
    const selector = new Map([...value.selector].map(([key, [text = '']]) => [key, text]));
    const { metadata } = value;
    return { ok: true, value: { profile: value.profile?.id ?? '', selector: toObject(selector), metadata } };
  },
  profile(input) {
    const { value } = parseMatchboxProfile('p', input, 'profiles/p.json', {
      documents: new Map(),
      contents: new Map(),
    });
    if (value === undefined) return { ok: false };
    const { ignition, cloud, generic, boot, title } = value;
    const documents = [ignition, cloud, generic].map((document) => document?.file);
    return { ok: true, value: { documents, boot, title } };
  },
};

/** What Go gives, in the shape of ours. */
const THEIRS: Partial<Readonly<Record<QuestionKind, (value: never) => unknown>>> = {
  group: ({ profile, selector, metadata }: Readonly<Record<string, object | null>>) => ({
    profile,
    selector: selector ?? {},
    metadata: metadata ?? undefined,
  }),
  profile: ({ name, ignition_id, cloud_id, generic_id, boot }: GoProfile) => ({
    documents: [
      ignition_id && `ignition/${ignition_id}`,
      cloud_id && `cloud/${cloud_id}`,
      generic_id && `generic/${generic_id}`,
    ].map((file) => file || undefined),
    boot: boot === null ? undefined : { ...boot, initrd: boot.initrd ?? [], args: boot.args ?? [] },
    title: name || undefined,
  }),
};

interface GoProfile {
  readonly name: string;
  readonly ignition_id: string;
  readonly cloud_id: string;
  readonly generic_id: string;
  readonly boot: { readonly kernel: string; readonly initrd: string[] | null; readonly args: string[] | null } | null;
}

const KINDS: Readonly<Record<QuestionKind, string>> = {
  'content-type': 'the type of a content is the one that Go sees in it:',
  mac: 'a MAC address is what Go takes for one:',
  query: 'a query is read as Go reads it:',
  group: 'the JSON of a group is read as Go reads it (32, 36):',
  profile: 'the JSON of a profile is read as Go reads it:',
};

const answers = readAnswers();

for (const [kind, title] of Object.entries(KINDS)) {
  describe(title, () => {
    for (const answered of answers.filter((each) => each.kind === kind)) {
      test(JSON.stringify(answered.input.toString('latin1')).slice(0, 100), () => assertSame(answered));
    }
  });
}

function assertSame({ kind, input, ok, value }: Answered): void {
  const ours = OURS[kind](input);
  const refused = REFUSED.find(([of, text]) => of === kind && text === input.toString());
  // A profile without an id does not exist for matchbox either, only later.
  const exists = kind !== 'profile' || (value as { readonly id?: string } | undefined)?.id !== '';
  assert.equal(ours.ok, ok && exists && refused === undefined, refused?.[2]);
  if (!ours.ok) return;
  const theirs = THEIRS[kind]?.(value as never) ?? value;
  assert.deepEqual(plain(ours.value), plain(theirs));
}

/** Objects with the usual prototype, and without what is undefined. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (_key, each) => (Object.is(each, -0) ? 0 : each)));
}

function toObject(map: ReadonlyMap<string, string>): object {
  return Object.assign(Object.create(null), Object.fromEntries(map));
}

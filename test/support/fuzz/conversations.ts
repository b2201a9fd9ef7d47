import fc from 'fast-check';
import { blasts } from './raw.ts';
import { type Api, type FuzzRequest, requests } from './requests.ts';

/** What is said on one connection: requests, those of one list at once, and in the end perhaps bytes of any kind. */
export interface Conversation {
  readonly api: Api;
  readonly rounds: readonly (readonly FuzzRequest[])[];
  readonly blast: Buffer | undefined;
}

const round = (api: Api) =>
  fc.oneof(
    { arbitrary: fc.tuple(requests[api]), weight: 8 },
    { arbitrary: fc.array(requests[api], { minLength: 2, maxLength: 5 }), weight: 1 },
  );

const conversation = (api: Api): fc.Arbitrary<Conversation> =>
  fc.record({
    api: fc.constant(api),
    rounds: fc.array(round(api), { maxLength: 8 }),
    blast: fc.option(blasts[api], { nil: undefined, freq: 3 }),
  });

const either = fc.oneof(
  { arbitrary: conversation('machine'), weight: 2 },
  { arbitrary: conversation('operator'), weight: 1 },
);

/** How many conversations are drawn at once. */
const BLOCK = 64;

/** The conversation of this number; the same for the same seed, whichever were asked for before. */
export function conversationOf(seed: number, number: number): Conversation | undefined {
  return drawBlock(seed, Math.floor(number / BLOCK))[number % BLOCK];
}

/** All conversations of a seed, without end, in their order. */
export function* conversationsOf(seed: number): Generator<Conversation, never> {
  for (let block = 0; ; block += 1) yield* drawBlock(seed, block);
}

function drawBlock(seed: number, block: number): readonly Conversation[] {
  return fc.sample(either, { seed: (Math.imul(seed, 1_000_003) + block) | 0, numRuns: BLOCK });
}

/** How many requests a conversation is counted as. */
export function sizeOf({ rounds, blast }: Conversation): number {
  return rounds.reduce((sum, each) => sum + each.length, 0) + (blast === undefined ? 0 : 1);
}

import { type Connection, type Ending, Hang, openConnection } from './connection.ts';
import type { Conversation } from './conversations.ts';
import { encodeRequest, type FuzzRequest } from './requests.ts';
import { judge } from './verdict.ts';
import { type WireAnswer, WireFault } from './wire.ts';

/** Ignition waits so long for the first byte of an answer. */
const ANSWER_MS = 10_000;

/** What went wrong, with the bytes that it went wrong with. */
export interface Finding {
  readonly fault: string;
  readonly sent: Buffer;
  readonly got: WireAnswer | undefined;
}

/** Counts answers by status, and connections by how they ended. */
export type Tally = Map<string, number>;

/** Has a conversation with the listener at `port`, judges every answer, and gives the first thing that is wrong. */
export async function converse(conversation: Conversation, port: number, tally: Tally): Promise<Finding | undefined> {
  let connection: Connection | undefined;
  try {
    for (const round of conversation.rounds) {
      connection ??= await openConnection(port);
      const outcome = await askRound(conversation, round, connection, tally);
      if (outcome === 'keep') continue;
      connection.close();
      connection = undefined;
      if (outcome !== 'close') return outcome;
    }
    const { blast } = conversation;
    if (blast === undefined) return undefined;
    connection ??= await openConnection(port);
    return await sendBlast(conversation, blast, connection, tally);
  } finally {
    connection?.close();
  }
}

/** Sends the requests of a round at once and reads their answers, each of which has to come unless one closed before. */
async function askRound(
  { api }: Conversation,
  round: readonly FuzzRequest[],
  connection: Connection,
  tally: Tally,
): Promise<Finding | 'keep' | 'close'> {
  const sent = Buffer.concat(round.map(encodeRequest));
  connection.send(sent);
  for (const request of round) {
    const got = await nextAnswer(connection, request.method === 'HEAD');
    if (got instanceof WireFault && endsConnection(request) && request !== round.at(-1)) return 'close';
    if (got instanceof Error) return { fault: got.message, sent, got: undefined };
    count(tally, typeof got === 'string' ? got : got.status);
    // Bytes that were sent after a refused request are unread there, and the system then resets the connection.
    if (got === 'reset' && round.length > 1) return 'close';
    if (typeof got === 'string') return { fault: `no answer: the connection was ${got}`, sent, got: undefined };
    const fault = judge(api, got, request);
    if (fault !== undefined) return { fault, sent, got };
    if (got.headers.get('connection') === 'close') return 'close';
  }
  return 'keep';
}

/**
 * After such a request nothing may follow: the connection ends, and a system that is left with unread bytes drops what it
 * has not sent yet (RFC 9112, 9.6).
 */
function endsConnection({ headers }: FuzzRequest): boolean {
  return headers.some(([name, value]) => name === 'Upgrade' || (name === 'Connection' && value.includes('close')));
}

/** Sends bytes and nothing more, and reads whatever comes until the other side closes. */
async function sendBlast(
  { api }: Conversation,
  blast: Buffer,
  connection: Connection,
  tally: Tally,
): Promise<Finding | undefined> {
  connection.send(blast);
  connection.finish();
  for (;;) {
    const got = await nextAnswer(connection, false);
    if (got instanceof Error) return { fault: got.message, sent: blast, got: undefined };
    count(tally, typeof got === 'string' ? got : got.status);
    if (typeof got === 'string') return undefined;
    const fault = judge(api, got);
    if (fault !== undefined) return { fault, sent: blast, got };
  }
}

/** An answer, an ending, or the error that tells what is wrong with what came. */
async function nextAnswer(connection: Connection, toHead: boolean): Promise<WireAnswer | Ending | Error> {
  try {
    return await connection.next(toHead, ANSWER_MS);
  } catch (error) {
    if (error instanceof Hang || error instanceof WireFault) return error;
    throw error;
  }
}

function count(tally: Tally, what: string | number): void {
  tally.set(String(what), (tally.get(String(what)) ?? 0) + 1);
}

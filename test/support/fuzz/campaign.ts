import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type ServiceProcess, startLoneService } from '../lone-service.ts';
import { ask } from '../service.ts';
import { type Conversation, conversationOf, conversationsOf, sizeOf } from './conversations.ts';
import { converse, type Finding, type Tally } from './converse.ts';
import { writeOddSite } from './odd-site.ts';

/** What a campaign is asked to do. */
export interface CampaignOptions {
  readonly seed: number;
  readonly requests: number;
  /** The one conversation to have, to see a finding again. */
  readonly only: number | undefined;
  /** Told after each conversation how many requests were answered. */
  readonly onProgress: (done: number) => void;
}

/** A finding and where it was made. */
export interface NumberedFinding extends Finding {
  readonly number: number;
  readonly api: string;
}

/** What came of a campaign. Memory is that of the service's process, in bytes, when it had nothing to do. */
export interface CampaignResult {
  readonly requests: number;
  readonly conversations: number;
  readonly seconds: number;
  readonly answers: Tally;
  readonly findings: readonly NumberedFinding[];
  /** What is wrong with the process rather than with an answer. */
  readonly faults: readonly string[];
  readonly logLines: number;
  readonly memory: { readonly start: number; readonly warm: number; readonly half: number; readonly end: number };
}

const CONCURRENCY = 32;
/** Of one kind the first is kept. */
const MAX_FINDINGS = 5;

const MEMORY_PROBE = ['--expose-gc', `--import=${new URL('memory-probe.js', import.meta.url)}`];

/**
 * Memory is measured at these shares of a campaign. The level at the half is what the end is compared with: what a
 * service remembers of machines and configs is bounded, and takes some hundred thousand requests to fill.
 */
const WARM_SHARE = 0.1;
const HALF_SHARE = 0.5;
const REST_MS = 3000;
const COLLECT_MS = 1000;
const MEMORY_SHARE = 1.25;
const MEMORY_BYTES = 40 * 1024 * 1024;

/** Starts a service, has conversations with it until enough was asked, and tells what it did wrong. */
export async function runCampaign(options: CampaignOptions): Promise<CampaignResult> {
  const site = await writeOddSite();
  const stateDir = await mkdtemp(join(tmpdir(), 'pilotlight-fuzz-state-'));
  const log = watchLog();
  const service = await startLoneService({ site, stateDir, nodeFlags: MEMORY_PROBE, onLine: log.onLine });
  try {
    return await fuzz(service, options, log);
  } finally {
    await service.end();
    for (const directory of [site, stateDir]) await rm(directory, { recursive: true, force: true });
  }
}

async function fuzz(service: ServiceProcess, options: CampaignOptions, log: LogWatch): Promise<CampaignResult> {
  const { seed, only, onProgress } = options;
  const answers: Tally = new Map();
  const findings: NumberedFinding[] = [];
  const conversations = only === undefined ? conversationsOf(seed) : [conversationOf(seed, only)].values();
  const start = await residentBytes(service);
  const startedAt = performance.now();
  let restedMs = 0;
  let requests = 0;
  let next = 0;

  async function haveConversations(until: number): Promise<void> {
    while (requests < until && findings.length < MAX_FINDINGS && service.alive()) {
      const drawn: IteratorResult<Conversation | undefined, unknown> = conversations.next();
      if (drawn.done === true || drawn.value === undefined) return;
      const conversation = drawn.value;
      const number = only ?? next;
      next += 1;
      requests += sizeOf(conversation);
      const port = Number(new URL(service[conversation.api]).port);
      const finding = await converse(conversation, port, answers);
      const isNew = !findings.some(({ fault }) => fault === finding?.fault);
      if (finding !== undefined && isNew) findings.push({ ...finding, number, api: conversation.api });
      onProgress(requests);
    }
  }
  async function all(until: number): Promise<number> {
    await Promise.all(Array.from({ length: CONCURRENCY }, () => haveConversations(until)));
    const restsFrom = performance.now();
    await delay(REST_MS);
    const bytes = await residentBytes(service);
    restedMs += performance.now() - restsFrom;
    return bytes;
  }

  const warm = await all(options.requests * WARM_SHARE);
  const half = await all(options.requests * HALF_SHARE);
  const end = await all(options.requests);
  const memory = { start, warm, half, end };
  const seconds = (performance.now() - startedAt - restedMs) / 1000;
  const faults = [...(await faultsOf(service, memory)), ...log.faults()];
  return { requests, conversations: next, seconds, answers, findings, faults, logLines: log.lines(), memory };
}

async function faultsOf(service: ServiceProcess, { half, end }: CampaignResult['memory']): Promise<readonly string[]> {
  if (!service.alive()) return ['the process ended'];
  const faults: string[] = [];
  for (const url of [`${service.machine}/`, `${service.operator}/readyz`]) {
    const { origin, pathname } = new URL(url);
    const { status } = await ask(origin, pathname);
    if (status !== 200) faults.push(`${pathname} answers ${status} in the end`);
  }
  if (end > Math.max(half * MEMORY_SHARE, half + MEMORY_BYTES)) faults.push('memory did not come back to its level');
  return faults;
}

interface LogWatch {
  readonly onLine: (line: string) => void;
  readonly lines: () => number;
  readonly faults: () => readonly string[];
}

/** Reads the log: each line is one JSON object, whatever was asked, and none is about an unforeseen fault. */
function watchLog(): LogWatch {
  let lines = 0;
  const faults: string[] = [];
  return {
    onLine(line) {
      lines += 1;
      const fault = faultInLine(line);
      if (fault !== undefined && faults.length < MAX_FINDINGS) faults.push(`${fault}: ${line.slice(0, 2000)}`);
    },
    lines: () => lines,
    faults: () => faults,
  };
}

function faultInLine(line: string): string | undefined {
  try {
    const { msg, level } = JSON.parse(line);
    return msg === 'unforeseen fault' || level >= 60 ? 'a line of the log' : undefined;
  } catch {
    return 'a line of the log that is no JSON';
  }
}

/** What a process that has nothing to do holds on to. */
async function residentBytes({ pid, alive }: ServiceProcess): Promise<number> {
  for (let times = 0; times < 2 && alive(); times += 1) {
    process.kill(pid, 'SIGWINCH');
    await delay(COLLECT_MS);
  }
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
}

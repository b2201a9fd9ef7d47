import { parseArgs } from 'node:util';
import { type CampaignResult, type NumberedFinding, runCampaign } from './campaign.ts';

const usage = `usage: npm run fuzz -- [--seed N] [--requests N] [--short] [--only N]
       npm run fuzz -- go-template --help

Starts the service with an odd site and sends it requests: odd ones, damaged ones, and bytes that are none. Checks every
answer, the log, the memory and that the process lives on. Exit code 1 when something is wrong.

  --seed N       draws the same requests again; without it a seed is chosen, and printed
  --requests N   how many, 1000000 if nothing is said
  --short        20000 requests
  --only N       has only the conversation of this number, to see a finding again
`;

const MIB = 1024 * 1024;
const SHORT = 20_000;
const LONG = 1_000_000;

function readFlags() {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string' },
      requests: { type: 'string' },
      short: { type: 'boolean', default: false },
      only: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const number = (text: string | undefined, fallback: number): number => {
    if (text === undefined) return fallback;
    if (!/^\d{1,9}$/.test(text)) throw new Error(`${text} is no number`);
    return Number(text);
  };
  return {
    help: values.help,
    seed: number(values.seed, Date.now() % 1_000_000_000),
    requests: number(values.requests, values.short ? SHORT : LONG),
    only: values.only === undefined ? undefined : number(values.only, 0),
  };
}

/** Shows how far it is: over and over in one line of a terminal, each tenth in a file. */
function createProgress(requests: number): (done: number) => void {
  const onTerminal = process.stderr.isTTY === true;
  let shown = 0;
  let shownAt = 0;
  return (done) => {
    const now = performance.now();
    const share = Math.min(1, done / requests);
    if (onTerminal ? now - shownAt < 200 && share < 1 : share - shown < 0.1) return;
    shown = Math.floor(share * 10) / 10;
    shownAt = now;
    const text = `fuzz: ${Math.min(done, requests)} of ${requests} requests`;
    process.stderr.write(onTerminal ? `\r${text}${share === 1 ? '\n' : ''}` : `${text}\n`);
  };
}

function describeResult(result: CampaignResult): string {
  const { requests, conversations, seconds, answers, logLines, memory, findings, faults } = result;
  const byStatus = [...answers].sort(([a], [b]) => (a < b ? -1 : 1)).map(([what, times]) => `${what}: ${times}`);
  const mib = (bytes: number) => `${(bytes / MIB).toFixed(1)} MiB`;
  return [
    `${requests} requests in ${conversations} conversations, ${seconds.toFixed(1)} s, ${Math.round(requests / seconds)}/s`,
    `answers: ${byStatus.join(', ')}`,
    `log: ${logLines} lines`,
    `memory: ${mib(memory.start)} at the start, ${mib(memory.warm)} after a tenth, ${mib(memory.half)} after half, ${mib(memory.end)} at the end`,
    ...faults.map((fault) => `FAULT: ${fault}`),
    ...findings.map(describeFinding),
    findings.length + faults.length === 0 ? 'nothing is wrong' : `${findings.length + faults.length} found`,
  ].join('\n');
}

function describeFinding({ fault, number, api, sent, got }: NumberedFinding): string {
  const head = [...(got?.headers ?? [])].map(([name, value]) => `${name}: ${value}\n`).join('');
  const answer = got === undefined ? 'none' : `${got.status}\n${head}\n${got.body.toString('latin1').slice(0, 2000)}`;
  return [
    `FAULT: ${fault} (${api} API; see it again with --only ${number} and the same seed)`,
    `  sent:   ${JSON.stringify(sent.toString('latin1').slice(0, 2000))}`,
    `  in hex: ${sent.toString('hex').slice(0, 4000)}`,
    `  answer: ${JSON.stringify(answer)}`,
  ].join('\n');
}

const flags = readFlags();
if (flags.help) {
  process.stdout.write(usage);
} else {
  process.stderr.write(`fuzz: seed ${flags.seed}\n`);
  const result = await runCampaign({ ...flags, onProgress: createProgress(flags.requests) });
  process.stdout.write(`seed: ${flags.seed}\n${describeResult(result)}\n`);
  process.exitCode = result.findings.length + result.faults.length === 0 ? 0 : 1;
}

import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';

/** What the parent asks for, as JSON in the only argument. */
export interface BareButaneOrder {
  readonly butane: string;
  readonly filesDir: string;
  /** A Butane document in which every `MARK` becomes another MAC address for each run. */
  readonly template: string;
  readonly mark: string;
  readonly runs: number;
  readonly concurrency: number;
  /** Absent: Go's own choice, the number of cores. */
  readonly threads?: number;
}

/**
 * Runs butane the plain way, one process for each document, and prints how many documents it did in a second. The flags
 * are those of the service, so that the work is the same.
 */
const order: BareButaneOrder = JSON.parse(process.argv[2] ?? '');
const template = await readFile(order.template, 'utf8');
const env = order.threads === undefined ? {} : { GOMAXPROCS: String(order.threads) };
let next = 0;

function translate(document: string): Promise<number> {
  return new Promise((fulfil, reject) => {
    const child = spawn(order.butane, ['--strict', '--raw', '--raw-errors', '--files-dir', order.filesDir], { env });
    let bytes = 0;
    child.stdout.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
    });
    child.stderr.resume();
    child.once('error', reject);
    child.once('close', (code) => (code === 0 ? fulfil(bytes) : reject(new Error(`butane ended with ${code}`))));
    child.stdin.end(document);
  });
}

async function work(): Promise<void> {
  while (next < order.runs) {
    next += 1;
    const mac = `02:00:00:00:${[next >> 8, next & 255].map((octet) => octet.toString(16).padStart(2, '0')).join(':')}`;
    await translate(template.replaceAll(order.mark, mac));
  }
}

const started = performance.now();
await Promise.all(Array.from({ length: order.concurrency }, work));
process.stdout.write(`${(order.runs * 1000) / (performance.now() - started)}\n`);

import { fork } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { Agent, get } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** What clients are to do. */
export interface SteadyOptions {
  /** URLs that are asked in turn. */
  readonly urls: readonly string[];
  readonly clients: number;
  /** Milliseconds that each client waits between an answer and its next question. */
  readonly pauseMs: number;
}

/** What clients saw. */
export interface Seen {
  readonly requests: number;
  /** What was no complete 200 with a matching ETag, the first few. */
  readonly failures: readonly string[];
  /** Different bodies by URL. */
  readonly bodies: Readonly<Record<string, readonly string[]>>;
}

/** Clients in a process of their own that ask again and again until they are stopped. */
export interface SteadyClients {
  stop(): Promise<Seen>;
}

/** Starts clients. */
export function startSteadyClients(options: SteadyOptions): SteadyClients {
  const child = fork(fileURLToPath(import.meta.url), [JSON.stringify(options)]);
  return {
    async stop() {
      const answered = once(child, 'message');
      child.send('stop');
      const [seen] = await answered;
      child.disconnect();
      await once(child, 'exit');
      return seen;
    },
  };
}

interface Answer {
  readonly status: number;
  readonly etag: string | undefined;
  readonly body: Buffer;
}

function ask(url: string, agent: Agent): Promise<Answer> {
  return new Promise((fulfil, reject) => {
    get(url, { agent }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const { etag } = response.headers;
        fulfil({ status: response.statusCode ?? 0, etag, body: Buffer.concat(chunks) });
      });
    }).on('error', reject);
  });
}

async function runClients({ urls, clients, pauseMs }: SteadyOptions): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: clients });
  const failures: string[] = [];
  const bodies = new Map(urls.map((url) => [url, new Map<string, string>()]));
  let requests = 0;
  let stopped = false;

  async function client(first: number): Promise<void> {
    for (let turn = first; !stopped; turn += 1) {
      const url = urls[turn % urls.length] ?? '';
      try {
        const { status, etag, body } = await ask(url, agent);
        const sha512 = createHash('sha512').update(body).digest('hex');
        if (status !== 200) failures.push(`${url}: ${status} ${body.toString().slice(0, 300)}`);
        else if (etag !== `"sha512-${sha512}"`) failures.push(`${url}: the ETag is not the body's`);
        else bodies.get(url)?.set(sha512, body.toString());
      } catch (error) {
        failures.push(`${url}: ${error}`);
      }
      requests += 1;
      await delay(pauseMs);
    }
  }

  const running = Array.from({ length: clients }, (_, index) => client(index));
  await once(process, 'message');
  stopped = true;
  await Promise.all(running);
  agent.destroy();
  const seen: Seen = {
    requests,
    failures: failures.slice(0, 20),
    bodies: Object.fromEntries([...bodies].map(([url, texts]) => [url, [...texts.values()]])),
  };
  process.send?.(seen);
  await once(process, 'disconnect');
}

if (process.argv[1] === fileURLToPath(import.meta.url) && process.argv[2] !== undefined) {
  await runClients(JSON.parse(process.argv[2]));
}

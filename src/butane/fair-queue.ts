import { ProvisioningError } from '../errors.ts';

/** How much may run and wait. */
export interface FairQueueOptions {
  /** Jobs that are handed out at the same time. */
  readonly handedOut: number;
  /** How many of those really make progress at once; the others only keep a core from waiting. */
  readonly concurrency: number;
  readonly maxQueued: number;
  /** A job that would wait longer than this, in milliseconds, is refused at once. */
  readonly maxWaitMs: number;
}

/** One piece of work. */
export interface Job<T> {
  /** What it is done for: lanes take turns, so that none waits for all of another's work. */
  readonly lane: string;
  /** Asked when its turn has come; work that nobody waits for any more is not begun. */
  readonly wanted: () => boolean;
  readonly run: () => Promise<T>;
}

/** For work that somebody waits for until it is done. */
export function always(): boolean {
  return true;
}

/** Work that nobody wanted any more when its turn came. */
export class Abandoned extends ProvisioningError {
  constructor() {
    super('not-ready', 'nobody waited for this any more');
  }
}

/** A bounded queue in which lanes take turns. */
export interface FairQueue {
  /**
   * Runs a job when its turn has come. Throws `queue-full` when too many wait already or its turn would come too late, and
   * {@link Abandoned}. When the queue is full and another lane has more waiting, the newest of that lane has to go.
   */
  add<T>(job: Job<T>): Promise<T>;
  load(): { readonly running: number; readonly queued: number };
  /** Refuses what waits with this error. */
  refuseWaiting(error: ProvisioningError): void;
  /** Resolves when nothing runs and nothing waits. */
  onIdle(): Promise<void>;
}

interface Waiting {
  readonly lane: string;
  readonly begin: () => void;
  readonly refuse: (error: ProvisioningError) => void;
}

/** The weight of the last run in the average of what a run takes. */
const NEWEST = 0.1;

/** A queue by these bounds; it learns from what it runs how long a run takes. */
export function createFairQueue(options: FairQueueOptions, now: () => number = () => performance.now()): FairQueue {
  const { handedOut, concurrency, maxQueued, maxWaitMs } = options;
  /** Each lane's jobs, the oldest first. The first lane is the next to have its turn; an empty lane is not kept. */
  const lanes = new Map<string, Waiting[]>();
  const idle: (() => void)[] = [];
  let running = 0;
  let queued = 0;
  let averageMs = 0;

  function next(): void {
    while (running < handedOut && queued > 0) takeFirst()?.begin();
    if (running === 0 && queued === 0) for (const resolve of idle.splice(0)) resolve();
  }

  function takeFirst(): Waiting | undefined {
    const [first] = lanes;
    if (first === undefined) return undefined;
    const [lane, jobs] = first;
    lanes.delete(lane);
    const job = jobs.shift();
    if (jobs.length > 0) lanes.set(lane, jobs);
    queued -= 1;
    return job;
  }

  /** Milliseconds until a new job of this lane has its turn: every lane goes first as often as this one has jobs. */
  function expectedWaitMs(lane: string): number {
    const own = lanes.get(lane)?.length ?? 0;
    let before = running;
    for (const [other, jobs] of lanes) before += other === lane ? jobs.length : Math.min(jobs.length, own + 1);
    return (before * averageMs) / concurrency;
  }

  function makeRoom(lane: string): void {
    if (queued < maxQueued) return;
    const [longest = [], ...rest] = [...lanes.values()];
    const worst = rest.reduce((most, jobs) => (jobs.length > most.length ? jobs : most), longest);
    if (worst.length <= (lanes.get(lane)?.length ?? 0) + 1) throw full(maxQueued);
    worst.pop()?.refuse(full(maxQueued));
    queued -= 1;
  }

  async function run<T>({ wanted, run: begin }: Job<T>): Promise<T> {
    if (!wanted()) throw new Abandoned();
    const startedAt = now();
    try {
      return await begin();
    } finally {
      // What is handed out ahead waits for a core; its share of the time is what a run takes.
      const tookMs = ((now() - startedAt) * concurrency) / Math.max(concurrency, running);
      averageMs = averageMs === 0 ? tookMs : averageMs + NEWEST * (tookMs - averageMs);
    }
  }

  return {
    async add(job) {
      const { lane } = job;
      const waitMs = expectedWaitMs(lane);
      if (waitMs > maxWaitMs) {
        const seconds = Math.ceil(waitMs / 1000);
        throw new ProvisioningError('queue-full', `the config could not be made before ${seconds} s; ask again`);
      }
      return new Promise((fulfil, reject) => {
        const begin = () => {
          running += 1;
          const done = () => {
            running -= 1;
            next();
          };
          void run(job).then(fulfil, reject).finally(done);
        };
        if (running < handedOut) {
          begin();
          return;
        }
        makeRoom(lane);
        const jobs = lanes.get(lane) ?? [];
        jobs.push({ lane, begin, refuse: reject });
        lanes.set(lane, jobs);
        queued += 1;
      });
    },
    load: () => ({ running, queued }),
    refuseWaiting(error) {
      for (let job = takeFirst(); job !== undefined; job = takeFirst()) job.refuse(error);
    },
    onIdle() {
      return running === 0 && queued === 0 ? Promise.resolve() : new Promise((resolve) => idle.push(resolve));
    },
  };
}

function full(maxQueued: number): ProvisioningError {
  return new ProvisioningError('queue-full', `${maxQueued} translations are waiting already`);
}

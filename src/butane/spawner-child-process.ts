import type { BoundedProcess } from './bounded-process.ts';
import { neverStarted, startBounded } from './bounded-process.ts';
import type { FromSpawner, ToSpawner } from './spawner-process.ts';

/**
 * The other end of `spawner-process.ts`: a process of its own that does nothing but start programs, so that its memory,
 * which is copied page by page into each of them, stays small. It ends with whoever started it.
 */
type Order = Extract<ToSpawner, { readonly kind: 'start' }>;

/** Programs at the same time; what comes beyond that waits here, so that the next one starts without a delay. */
const concurrency = Number(process.argv[2]);
const waiting: Order[] = [];
const running = new Map<number, BoundedProcess>();

process.on('message', (message: ToSpawner) => {
  switch (message.kind) {
    case 'start':
      waiting.push(message);
      startNext();
      break;
    case 'stop':
      refuse(({ id }) => id === message.id);
      running.get(message.id)?.stop();
      break;
    case 'refuse-waiting':
      refuse(() => true);
      break;
  }
});

process.once('disconnect', () => process.exit());

function refuse(isMeant: (order: Order) => boolean): void {
  for (const order of waiting.filter(isMeant)) {
    waiting.splice(waiting.indexOf(order), 1);
    answer({ id: order.id, result: neverStarted('stopped') });
  }
}

function startNext(): void {
  if (running.size >= concurrency) return;
  const order = waiting.shift();
  if (order === undefined) return;
  const { id, run } = order;
  const started = startBounded({ ...run, input: Buffer.from(run.input) });
  running.set(id, started);
  void started.result.then((result) => {
    running.delete(id);
    startNext();
    answer({ id, result });
  });
}

function answer(message: FromSpawner): void {
  process.send?.(message);
}

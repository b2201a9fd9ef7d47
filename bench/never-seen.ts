import { connectLeanClient } from './lean-client.ts';

/** Asks for the config of a machine that nobody has asked for before, many times, and gives how many came in a second. */
export async function renderNeverSeen(
  base: string,
  options: { readonly requests: number; readonly connections: number; readonly firstMachine: number },
): Promise<number> {
  const url = new URL(base);
  const clients = await Promise.all(Array.from({ length: options.connections }, () => connectLeanClient(url)));
  let next = 0;
  const started = performance.now();
  await Promise.all(
    clients.map(async (client) => {
      while (next < options.requests) {
        next += 1;
        await client.get(`${url.pathname}?mac=${macOf(options.firstMachine + next)}`);
      }
    }),
  );
  const seconds = (performance.now() - started) / 1000;
  for (const client of clients) client.close();
  return options.requests / seconds;
}

/** A locally administered address for a number. */
export function macOf(machine: number): string {
  return (0x02_00_00_00_00_00 + machine)
    .toString(16)
    .padStart(12, '0')
    .replace(/..(?!$)/g, '$&:');
}

import { Agent, get } from 'node:http';

/** Asks for the config of a machine that nobody has asked for before, many times, and gives how many came in a second. */
export async function renderNeverSeen(
  base: string,
  options: { readonly requests: number; readonly connections: number; readonly firstMachine: number },
): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: options.connections });
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < options.requests) {
      next += 1;
      await ask(agent, `${base}?mac=${macOf(options.firstMachine + next)}`);
    }
  };
  const started = performance.now();
  await Promise.all(Array.from({ length: options.connections }, work));
  const seconds = (performance.now() - started) / 1000;
  agent.destroy();
  return options.requests / seconds;
}

/** A locally administered address for a number. */
export function macOf(machine: number): string {
  return (0x02_00_00_00_00_00 + machine)
    .toString(16)
    .padStart(12, '0')
    .replace(/..(?!$)/g, '$&:');
}

function ask(agent: Agent, url: string): Promise<void> {
  return new Promise((fulfil, reject) => {
    get(url, { agent }, (response) => {
      response.resume();
      response.once('end', () =>
        response.statusCode === 200 ? fulfil() : reject(new Error(`${url}: ${response.statusCode}`)),
      );
    }).once('error', reject);
  });
}

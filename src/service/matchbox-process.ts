import { stat } from 'node:fs/promises';
import { createServer } from 'node:net';

/** What keeps matchbox from starting: folders that have to exist. */
export async function findMatchboxFaults(flags: {
  readonly 'data-path': string;
  readonly 'assets-path': string;
}): Promise<readonly string[]> {
  const faults: string[] = [];
  if (!(await isDirectory(flags['data-path']))) {
    faults.push(`-data-path: ${flags['data-path']} is no directory`);
  }
  if (flags['assets-path'] !== '' && !(await isDirectory(flags['assets-path']))) {
    faults.push(
      `-assets-path: ${flags['assets-path']} is no directory; make it, or give an empty one to serve no assets`,
    );
  }
  return faults;
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}

/** The host that stands for every address of this machine: of IPv6 and IPv4 together where there is IPv6. */
export async function hostForEverywhere(): Promise<string> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve('0.0.0.0'));
    server.listen(0, '::', () => server.close(() => resolve('[::]')));
  });
}

import type { Config } from '../config.ts';
import { ProvisioningError } from '../errors.ts';
import { importMatchbox } from '../import/import.ts';
import { openImport } from '../service/import-process.ts';
import { refuseUsedDirectory, writeNewDirectory } from '../service/new-directory-file.ts';
import { endOnSignals } from '../service/workshop-process.ts';
import { orderedGroups } from '../site/matchbox/selection.ts';
import { count } from './count.ts';
import { EXIT } from './exit.ts';
import type { Terminal } from './terminal.ts';
import { printable } from './terminal.ts';

/** Where the site goes. */
export interface ImportFlags {
  readonly out: string;
}

/** Writes a data directory of matchbox as a site, and lists what is not in it. */
export async function importCommand(
  directory: string,
  config: Config,
  { out }: ImportFlags,
  terminal: Terminal,
): Promise<number> {
  endOnSignals();
  await refuseUsedDirectory(out);
  const workshop = await openImport(directory, config);
  try {
    const { revision } = workshop;
    const imported = await importMatchbox(revision, orderedGroups(revision), {
      ...workshop.tools,
      onProgress: (done, total) => {
        if (terminal.onTerminal) terminal.err(`\r\u001b[K${done === total ? '' : `importing ${done} of ${total}`}`);
      },
    });
    for (const note of imported.notes) terminal.err(`note: ${printable(note)}\n`);
    if (imported.groups === 0) {
      throw new ProvisioningError('site-invalid', `nothing of ${directory} can be carried over`);
    }
    await writeNewDirectory(out, imported.documents);
    const all = revision.groups.size;
    const groups = imported.groups === all ? count(all, 'group') : `${imported.groups} of ${count(all, 'group')}`;
    const counts = `${count(imported.profiles, 'profile')} and ${groups}`;
    await terminal.out(`${out}: ${counts}, each group with the config that it had\n`);
    return EXIT.fine;
  } finally {
    await workshop.close();
  }
}

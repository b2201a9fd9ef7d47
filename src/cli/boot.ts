import type { BootTarget } from '../boot/plan.ts';
import { retryOf } from '../boot/retry.ts';
import type { Config } from '../config.ts';
import { parseMachine } from '../machine/machine.ts';
import { endOnSignals, openWorkshop } from '../service/workshop-process.ts';
import { failWith } from './failure.ts';
import type { LabelFlags } from './labels.ts';
import { queryOf } from './labels.ts';
import type { Terminal } from './terminal.ts';

/** Flags of `boot`. */
export interface BootFlags extends LabelFlags {
  readonly format: BootTarget;
}

/** Prints the script that a machine's boot loader would get, of a profile or of the one that the groups select. */
export async function bootCommand(
  profileId: string | undefined,
  config: Config,
  flags: BootFlags,
  terminal: Terminal,
): Promise<number> {
  endOnSignals();
  const machine = parseMachine(queryOf(flags), { from: 'query' });
  const workshop = await openWorkshop(config);
  const { served, renderer } = workshop;
  const { documents, settings } = served.revision;
  try {
    const named = profileId === undefined ? {} : { profileId };
    const boot = renderer.boot(served, { machine, ...named });
    if (boot.needsConfig) await renderer.render(served, { machine, profileId: boot.profile });
    const asked = { target: flags.format, machine, serviceUrl: config.publicUrl, ...named };
    await terminal.out(boot.write(flags.format, retryOf(asked, settings.boot.retrySeconds)));
    return 0;
  } catch (error) {
    return failWith(error, terminal, documents);
  } finally {
    await workshop.close();
  }
}

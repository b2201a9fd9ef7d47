import type { BootTarget } from '../boot/plan.ts';
import { retryOf } from '../boot/retry.ts';
import type { Config } from '../config.ts';
import { bootOf, grubScript, ipxeScript } from '../matchbox/boot-scripts.ts';
import { endOnSignals, openWorkshop } from '../service/workshop-process.ts';
import { describedMachine } from '../site/machine-of.ts';
import type { MatchboxBoot } from '../site/revision.ts';
import { select } from '../site/selection.ts';
import { failWith } from './failure.ts';
import type { LabelFlags } from './labels.ts';
import { queryOf } from './labels.ts';
import { tellLeftOut } from './left-out.ts';
import type { Terminal } from './terminal.ts';

/** Flags of `boot`. */
export interface BootFlags extends LabelFlags {
  readonly format: BootTarget;
}

/** matchbox writes its scripts as they are, and asks nothing of the config. */
const MATCHBOX_SCRIPTS: Readonly<Record<BootTarget, (boot: MatchboxBoot) => string>> = {
  ipxe: ipxeScript,
  grub: grubScript,
};

/** Prints the script that a machine's boot loader would get, of a profile or of the one that the groups select. */
export async function bootCommand(
  profileId: string | undefined,
  config: Config,
  flags: BootFlags,
  terminal: Terminal,
): Promise<number> {
  endOnSignals();
  const query = queryOf(flags);
  const workshop = await openWorkshop(config);
  const { served, renderer } = workshop;
  const { documents, settings } = served.revision;
  try {
    tellLeftOut(served.revision, terminal);
    const machine = describedMachine(served.revision.format, query);
    if (served.revision.format === 'matchbox') {
      const { profile } = select(served.revision, machine, profileId);
      if (profile.kind === 'matchbox') await terminal.out(MATCHBOX_SCRIPTS[flags.format](bootOf(profile)));
      return 0;
    }
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

import type { Config } from '../config.ts';
import { ProvisioningError } from '../errors.ts';
import { endOnSignals, openWorkshop } from '../service/workshop-process.ts';
import { describedMachine } from '../site/machine-of.ts';
import { formatDiagnostic } from './code-frame.ts';
import { failWith } from './failure.ts';
import type { LabelFlags } from './labels.ts';
import { queryOf } from './labels.ts';
import { readSpecFlag } from './spec-flag.ts';
import type { Terminal } from './terminal.ts';

/** Flags of `render`. */
export interface RenderFlags extends LabelFlags {
  readonly spec?: string;
  readonly pretty?: boolean;
  /** Print the Butane instead of the Ignition. */
  readonly butane?: boolean;
}

/** Prints what a machine would get from the service, byte for byte; warnings go to standard error. */
export async function renderCommand(
  profileId: string,
  config: Config,
  flags: RenderFlags,
  terminal: Terminal,
): Promise<number> {
  endOnSignals();
  const query = queryOf(flags);
  const accepts = readSpecFlag(flags.spec);
  const workshop = await openWorkshop(config);
  const { documents, format } = workshop.served.revision;
  try {
    const machine = describedMachine(format, query);
    const request = { machine, profileId, ...(accepts === undefined ? {} : { accepts }) };
    const rendered = await workshop.renderer.renderInFull(workshop.served, request);
    for (const diagnostic of rendered.diagnostics) {
      terminal.err(
        `${formatDiagnostic(diagnostic, { documents, colour: terminal.colour, frame: terminal.onTerminal })}\n`,
      );
    }
    if (flags.butane) {
      if (rendered.butane === undefined)
        throw new ProvisioningError(
          'request-invalid',
          `the profile ${profileId} is written in Ignition; it has no Butane`,
        );
      await terminal.out(rendered.butane);
    } else if (flags.pretty)
      await terminal.out(`${JSON.stringify(JSON.parse(rendered.body.toString('utf8')), null, 2)}\n`);
    else await terminal.out(rendered.body);
    return 0;
  } catch (error) {
    if (error instanceof ProvisioningError && error.code === 'profile-not-found') {
      const known = [...workshop.served.revision.profiles.keys()].join(', ');
      return failWith(
        new ProvisioningError('profile-not-found', `there is no profile ${profileId}; the site has ${known}`),
        terminal,
      );
    }
    return failWith(error, terminal, documents);
  } finally {
    await workshop.close();
  }
}

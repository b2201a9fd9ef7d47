import closeWithGrace from 'close-with-grace';
import type { Config } from '../config.ts';
import { ProvisioningError } from '../errors.ts';
import { startService } from '../service/service.ts';
import { EXIT } from './exit.ts';
import { createServeLogger } from './serve-logger.ts';
import type { Terminal } from './terminal.ts';

/** A stop takes at most this long; then the process ends. */
const GRACE_MS = 9000;

/** Runs the service until SIGTERM or SIGINT; resolves to the exit code. */
export async function serveCommand(config: Config, terminal: Terminal): Promise<number> {
  const { logger, end } = createServeLogger(config, terminal.colour);
  let service: Awaited<ReturnType<typeof startService>> | undefined;
  const grace = closeWithGrace({ delay: GRACE_MS, logger: false, skip: ['SIGHUP'] }, async ({ signal, err }) => {
    if (err !== undefined) logger.fatal({ err }, 'unforeseen fault; stopping');
    else logger.info({ signal }, 'stopping');
    await service?.close();
    logger.info('stopped');
    if (!(await end())) terminal.kill();
  });
  let isAskedEarly = false;
  terminal.onHangUp(() => {
    logger.info({ signal: 'SIGHUP' }, 'reloading');
    isAskedEarly = service === undefined;
    void service?.reload();
  });
  try {
    service = await startService(config, logger);
    // The site may have been read before it was edited.
    if (isAskedEarly) void service.reload();
  } catch (error) {
    grace.uninstall();
    // Whoever reads JSON gets no text in between, and a person no JSON.
    if (config.logFormat === 'json' && error instanceof ProvisioningError) {
      const { code, message, diagnostics } = error;
      const reports = diagnostics.map(({ origin, ...rest }) => ({ ...rest, ...origin }));
      logger.fatal({ code, reports }, message);
      await end();
      return EXIT.faults;
    }
    await end();
    throw error;
  }
  // From here on the process lives until a signal ends it.
  return new Promise<number>(() => undefined);
}

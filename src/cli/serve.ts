import closeWithGrace from 'close-with-grace';
import { pino } from 'pino';
import pretty from 'pino-pretty';
import type { Config } from '../config.ts';
import { ProvisioningError } from '../errors.ts';
import { startService } from '../service.ts';
import type { Terminal } from './terminal.ts';

/** A stop takes at most this long; then the process ends. */
const GRACE_MS = 9000;

/** Runs the service until SIGTERM or SIGINT; resolves to the exit code. */
export async function serveCommand(config: Config, terminal: Terminal): Promise<number> {
  const stream =
    config.logFormat === 'pretty'
      ? pretty({ colorize: terminal.colour, destination: 2, sync: true, ignore: 'pid,hostname' })
      : pino.destination({ dest: 2, sync: false });
  const logger = pino({ level: config.logLevel, base: null, timestamp: pino.stdTimeFunctions.isoTime }, stream);
  let service: Awaited<ReturnType<typeof startService>> | undefined;
  const grace = closeWithGrace({ delay: GRACE_MS, logger: false }, async ({ signal, err }) => {
    if (err !== undefined) logger.fatal({ err }, 'unforeseen fault; stopping');
    else logger.info({ signal }, 'stopping');
    await service?.close();
    logger.info('stopped');
    logger.flush();
  });
  try {
    service = await startService(config, logger);
  } catch (error) {
    grace.uninstall();
    if (error instanceof ProvisioningError && error.code === 'config-invalid')
      logger.fatal({ code: error.code }, error.message);
    else if (error instanceof ProvisioningError)
      logger.fatal({ code: error.code, reports: error.diagnostics.length }, error.message);
    logger.flush();
    throw error;
  }
  // From here on the process lives until a signal ends it.
  return new Promise<number>(() => undefined);
}

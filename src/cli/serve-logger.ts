import { setTimeout } from 'node:timers/promises';
import { destination, type Logger, pino, stdTimeFunctions } from 'pino';
import pretty from 'pino-pretty';
import type { Config } from '../config.ts';

/** A logger on standard error, and how to end it. */
export interface ServeLogger {
  readonly logger: Logger;
  /** Writes out what is left; false when nobody reads it. Then the process cannot end in order: its last write waits. */
  end(): Promise<boolean>;
}

/** Lines wait in memory up to this size; a reader that has stalled loses what comes then, and holds up no machine. */
const BUFFER_BYTES = 64 * 1024 * 1024;

/** How JSON lines are collected: bytes, and milliseconds. Each write wakes a thread, which costs more than the line. */
const COLLECT = { minLength: 4096, periodicFlush: 100 };

/** How long the end waits for a reader. */
const END_MS = 500;

/** The logger of a running service: JSON lines, or text for a person. */
export function createServeLogger(config: Pick<Config, 'logLevel' | 'logFormat'>, colour: boolean): ServeLogger {
  const isJson = config.logFormat === 'json';
  const stream = destination({ dest: 2, sync: false, maxLength: BUFFER_BYTES, ...(isJson ? COLLECT : {}) });
  let dropped = 0;
  stream.on('drop', () => {
    dropped += 1;
  });
  const options = { level: config.logLevel, base: null, timestamp: stdTimeFunctions.isoTime };
  const text = { colorize: colour, destination: stream, ignore: 'pid,hostname' };
  const logger = pino(options, isJson ? stream : pretty(text));
  stream.on('drain', () => {
    if (dropped === 0) return;
    const lines = dropped;
    dropped = 0;
    logger.warn({ lines }, 'lines of the log were lost, because nobody read it');
  });
  return {
    logger,
    end() {
      const written = new Promise<boolean>((resolve) => stream.once('close', () => resolve(true)));
      stream.end();
      return Promise.race([written, setTimeout(END_MS, false)]);
    },
  };
}

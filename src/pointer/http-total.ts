import { ProvisioningError } from '../errors.ts';
import { DEFAULT_HTTP_TOTAL_SECONDS, MAX_HTTP_TOTAL_SECONDS } from './pointer.ts';

/**
 * Reads for how many seconds a machine tries; the default where nobody said it, and 0 for ever. `name` is how it was
 * asked for. Throws `request-invalid`.
 */
export function readHttpTotal(text: string | undefined, name: string): number {
  if (text === undefined) return DEFAULT_HTTP_TOTAL_SECONDS;
  const seconds = /^(?:0|[1-9]\d{0,4})$/.test(text) ? Number(text) : undefined;
  if (seconds === undefined || seconds > MAX_HTTP_TOTAL_SECONDS) {
    throw new ProvisioningError(
      'request-invalid',
      `${name} must be whole seconds from 1 to ${MAX_HTTP_TOTAL_SECONDS}, or 0 for ever`,
    );
  }
  return seconds;
}

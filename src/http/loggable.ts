import type { Machine } from '../machine/machine.ts';

/** Free labels whose key suggests a secret are logged without their value; a machine's URL is no place for one. */
const SECRET_KEY = /token|secret|passw|credential|key/i;

/** The labels of a machine as the access log shows them. */
export function loggable(machine: Machine): Readonly<Record<string, string>> {
  const labels: Record<string, string> = Object.create(null);
  for (const [key, value] of machine.entries) labels[key] = SECRET_KEY.test(key) ? '[redacted]' : value;
  return labels;
}

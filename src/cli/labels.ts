import { ProvisioningError } from '../errors.ts';

/** Flags that describe a machine. */
export interface LabelFlags {
  readonly mac?: string;
  readonly uuid?: string;
  readonly serial?: string;
  readonly hostname?: string;
  readonly arch?: string;
  readonly ip?: string;
  readonly label?: readonly string[];
}

/** Reads the label flags the way a query is read. Throws `label-invalid`. */
export function queryOf(flags: LabelFlags): Readonly<Record<string, string>> {
  const query: Record<string, string> = Object.create(null);
  for (const key of ['mac', 'uuid', 'serial', 'hostname', 'arch', 'ip'] as const) {
    const value = flags[key];
    if (value !== undefined) query[key] = value;
  }
  for (const label of flags.label ?? []) {
    const at = label.indexOf('=');
    const key = label.slice(0, at);
    if (at < 1) throw new ProvisioningError('label-invalid', '--label needs KEY=VALUE');
    if (key in query) throw new ProvisioningError('label-invalid', `the label ${key} was given twice`);
    query[key] = label.slice(at + 1);
  }
  return query;
}

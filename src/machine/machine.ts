import { ProvisioningError } from '../errors.ts';
import type { MachineKey } from './label.ts';
import { isLabelKey, isMachineKey, LABEL_LIMITS, MACHINE_KEYS, normaliseLabel } from './label.ts';

/**
 * What a machine says about itself, every value in its one spelling. It selects; it never authenticates: anyone can say
 * it.
 */
export interface Machine {
  /** The labels that pilotlight understands and that this machine has. */
  readonly known: Readonly<Partial<Record<MachineKey, string>>>;
  /** The free labels; an object without prototype, in the order of their keys. */
  readonly labels: Readonly<Record<string, string>>;
  /** All labels in a fixed order, for logs. */
  readonly entries: readonly (readonly [string, string])[];
  /** One text for all labels, equal for equal machines. */
  readonly key: string;
  /** The query as it came, undecoded; only where templates may read it. */
  readonly rawQuery?: string;
}

/** A parsed query string, as HTTP frameworks give it: a repeated key is a list. */
export type Query = Readonly<Record<string, unknown>>;

/** Where a machine's address comes from: the connection, or (for operators who ask on its behalf) the query. */
export type AddressSource =
  | { readonly from: 'connection'; readonly ip: string | undefined }
  | { readonly from: 'query' };

/**
 * Reads a request's query into a machine, once, at the border. An empty value is an absent label (iPXE expands an unset
 * variable to nothing), and so is a blank one of the labels that are understood (some firmware has a blank serial number). Throws `label-invalid` for a value that cannot be what its key says, a key given twice, too many
 * labels, or `ip` where the connection tells it.
 */
export function parseMachine(query: Query, address: AddressSource): Machine {
  const given = Object.entries(query);
  if (given.length > LABEL_LIMITS.count) {
    throw new ProvisioningError('label-invalid', `more than ${LABEL_LIMITS.count} labels were given`);
  }
  const known: Partial<Record<MachineKey, string>> = Object.create(null);
  const labels: Record<string, string> = Object.create(null);
  for (const [key, text] of given.sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (!isLabelKey(key)) {
      throw new ProvisioningError(
        'label-invalid',
        'a label has a key that is not made of letters, digits, and _ . / -',
      );
    }
    if (typeof text !== 'string') throw new ProvisioningError('label-invalid', `the label ${key} was given twice`);
    if (text === '' || (isMachineKey(key) && text.trim() === '')) continue;
    if (key === 'ip' && address.from === 'connection') {
      throw new ProvisioningError('label-invalid', 'the label ip is taken from the connection and cannot be given');
    }
    const normal = normaliseLabel(key, text);
    if (!normal.ok) throw new ProvisioningError('label-invalid', `the label ${key} ${normal.problem}`);
    if (isMachineKey(key)) known[key] = normal.value;
    else labels[key] = normal.value;
  }
  if (address.from === 'connection' && address.ip !== undefined) {
    const normal = normaliseLabel('ip', address.ip);
    if (normal.ok) known.ip = normal.value;
  }
  const entries: (readonly [string, string])[] = [];
  for (const name of MACHINE_KEYS) {
    const value = known[name];
    if (value !== undefined) entries.push([name, value]);
  }
  entries.push(...Object.entries(labels));
  // No label holds a control character, so these keep them apart.
  const key = entries.map(([name, value]) => `${name}\0${value}`).join('\x01');
  return Object.freeze({ known: Object.freeze(known), labels: Object.freeze(labels), entries, key });
}

/** The value of a label, understood or free; undefined when the machine does not have it. */
export function labelOf(machine: Machine, key: string): string | undefined {
  return isMachineKey(key) ? machine.known[key] : machine.labels[key];
}

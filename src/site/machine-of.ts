import { ProvisioningError } from '../errors.ts';
import type { Machine, Query } from '../machine/machine.ts';
import { parseMachine } from '../machine/machine.ts';
import { machineOfLabels } from './matchbox/query.ts';
import type { SiteFormat } from './revision.ts';

/**
 * A machine that a person or a check describes, read by the rules of the site's format. Throws `label-invalid` for what
 * cannot be a label there.
 */
export function describedMachine(format: SiteFormat, query: Query): Machine {
  if (format === 'pilotlight') return parseMachine(query, { from: 'query' });
  const labels = Object.entries(query).map(([key, value]) => {
    if (typeof value === 'string') return [key, value] as const;
    throw new ProvisioningError('label-invalid', `the label ${key} was given twice`);
  });
  return machineOfLabels(labels);
}

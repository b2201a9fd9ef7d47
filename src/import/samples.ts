import type { ImportedGroup } from './groups.ts';
import type { Kind } from './kinds.ts';
import type { ImportTools, Labels, Original } from './tools.ts';

/** A machine of a group. */
export interface SampleMachine {
  readonly group: ImportedGroup;
  readonly labels: Labels;
}

/** A machine of a group and what it gets. */
export interface Sample extends SampleMachine {
  readonly original: Original;
}

/** Labels for a template that wants some of the query; those that are checked have to be what they say. */
const LABEL_SAMPLES: Readonly<Record<string, string>> = {
  mac: '52:54:00:00:00:01',
  uuid: '00000000-0000-4000-8000-000000000001',
};

/** A machine of each group of a profile, and what it gets; groups whose machines get nothing are added to the notes. */
export async function takeSamples({ query, groups }: Kind, tools: ImportTools, notes: string[]): Promise<Sample[]> {
  const samples: Sample[] = [];
  for (const group of groups) {
    const labels: Record<string, string> = Object.create(null);
    for (const key of query.printed) labels[key] = LABEL_SAMPLES[key] ?? `some-${key}`;
    for (const [key, [value = '']] of group.group.selector) labels[key] = value;
    const original = await tools.original(group.group, labels);
    if (typeof original === 'string') notes.push(`${group.group.file}: its machines get nothing: ${original}`);
    else samples.push({ group, labels, original });
  }
  return samples;
}

/** A machine that says no more than its group asks for. */
export function machineOfGroup(group: ImportedGroup): SampleMachine {
  return {
    group,
    labels: Object.fromEntries([...group.group.selector].map(([key, [value = '']]) => [key, value])),
  };
}

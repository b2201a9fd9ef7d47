import type { Diagnostic, Parsed } from '../../diagnostic.ts';
import type { GoTemplate, JsonValue, TracedOutput } from '../../go-template/go-template.ts';
import type { Machine } from '../../machine/machine.ts';
import type { Group } from '../revision.ts';

/** What matchbox's templates see: an object without prototype. */
export type TemplateData = { readonly [key: string]: JsonValue };

/**
 * What the templates of a group see: its metadata, over it the values of its selector by their keys in lower case, and
 * over all `request`, with the labels of the machine and the query as it came.
 */
export function templateData(group: Group | undefined, machine: Machine): TemplateData {
  const data: Record<string, JsonValue> = Object.assign(Object.create(null), group?.metadata);
  for (const [key, [value = '']] of group?.selector ?? []) data[key.toLowerCase()] = value;
  const query: Record<string, JsonValue> = Object.create(null);
  for (const [key, value] of machine.entries) query[key] = value;
  const request: Record<string, JsonValue> = Object.create(null);
  request.query = query;
  request.raw_query = machine.rawQuery ?? '';
  data.request = request;
  return data;
}

/**
 * A template filled in for a machine. What the template wants of the query and the machine did not say is
 * `parameter-missing`: it is not known here, and asking again does not help.
 */
export function fillTemplate(template: GoTemplate, data: TemplateData): Parsed<Buffer> {
  return ofMachine(template.execute(data));
}

/** The same, with the places that the output comes from. */
export function traceTemplate(template: GoTemplate, data: TemplateData): Parsed<TracedOutput> {
  return ofMachine(template.trace(data));
}

function ofMachine<T>(filled: Parsed<T>): Parsed<T> {
  return filled.value === undefined ? { diagnostics: filled.diagnostics.map(missingLabel) } : filled;
}

function missingLabel(diagnostic: Diagnostic): Diagnostic {
  const name = /^\.request\.query\.(.+)$/s.exec(diagnostic.path ?? '')?.[1];
  if (name === undefined) return diagnostic;
  const { origin } = diagnostic;
  const message = `the template needs the label \`${name}\` of the query`;
  const hint = `for one that may be missing write (index .request.query "${name}")`;
  return { severity: 'error', code: 'parameter-missing', message, hint, ...(origin === undefined ? {} : { origin }) };
}

import type { Diagnostic, Origin, Parsed } from '../diagnostic.ts';
import type { MapNode } from '../fragment/node.ts';
import { parseYaml } from '../fragment/parse-yaml.ts';

/** A hand-written document that could be read, perhaps after a slip of indentation was set right. */
export interface Source {
  readonly root: MapNode;
  /** The lines that were read, set right where they had to be. */
  readonly lines: readonly string[];
  /** Where something that was read stands in the file as it is. */
  original(origin: Origin): Origin;
}

interface Shift {
  /** Lines from 1, the last one included. */
  readonly from: number;
  readonly to: number;
  readonly columns: number;
}

/** More slips than this are no slips. */
const MAX_SHIFTS = 20;

/**
 * Reads a Butane document as people paste it. A list item, or a run of them, that stands deeper than the list before it is
 * moved back with all that belongs to it; the published page on overlaybd has one. Every other fault is left to its author.
 */
export function readSource(text: string, file: string): Parsed<Source> {
  let lines: readonly string[] = text.replace(/^\ufeff/, '').split('\n');
  const shifts: Shift[] = [];
  const diagnostics: Diagnostic[] = [];
  for (;;) {
    const parsed = parseYaml(lines.join('\n'), file);
    const original = (origin: Origin): Origin => unshift(origin, shifts);
    if (parsed.value?.kind === 'map') return { value: { root: parsed.value, lines, original }, diagnostics };
    if (parsed.value !== undefined) {
      const message = 'a Butane document is a mapping';
      return { diagnostics: [{ severity: 'error', code: 'yaml-syntax', message, origin: parsed.value.origin }] };
    }
    const fault = parsed.diagnostics[0];
    const shift = shifts.length < MAX_SHIFTS ? findShift(lines, fault?.origin?.line) : undefined;
    if (shift === undefined) {
      return {
        diagnostics: parsed.diagnostics.map((each) =>
          each.origin === undefined ? each : { ...each, origin: original(each.origin) },
        ),
      };
    }
    shifts.push(shift);
    lines = lines.map((line, index) => (within(index + 1, shift) ? line.slice(shift.columns) : line));
    diagnostics.push({
      severity: 'warning',
      code: 'yaml-syntax',
      message: `this list item stands ${shift.columns} columns too deep, and butane cannot read the file`,
      origin: { file, line: shift.from, column: indentOf(lines[shift.from - 1]) + shift.columns + 1 },
      hint: `it is taken for an item of the list above: move lines ${shift.from} to ${shift.to} to the left`,
    });
  }
}

/** The lines of a list item that stands deeper than the list before it, and by how much. */
function findShift(lines: readonly string[], at: number | undefined): Shift | undefined {
  const first = at === undefined ? undefined : lines[at - 1];
  if (at === undefined || first === undefined || !/^ *- /.test(first)) return undefined;
  const indent = indentOf(first);
  const above = lines.slice(0, at - 1).findLast((line) => /^ *- /.test(line) && indentOf(line) < indent);
  if (above === undefined) return undefined;
  let to = at;
  for (let next = at + 1; next <= lines.length; next += 1) {
    const line = lines[next - 1] ?? '';
    if (line.trim() === '') continue;
    if (indentOf(line) < indent) break;
    to = next;
  }
  return { from: at, to, columns: indent - indentOf(above) };
}

function indentOf(line = ''): number {
  return line.length - line.trimStart().length;
}

function within(line: number, { from, to }: Shift): boolean {
  return from <= line && line <= to;
}

function unshift(origin: Origin, shifts: readonly Shift[]): Origin {
  const columns = shifts.filter((shift) => within(origin.line, shift)).reduce((sum, { columns }) => sum + columns, 0);
  return columns === 0 ? origin : { ...origin, column: origin.column + columns };
}

import type { Severity } from '../diagnostic.ts';
import { compareText } from '../diagnostic.ts';
import type { ReportEntry, YamlFault } from './butane.ts';

/** All that butane wrote to stderr, taken apart. */
export interface ButaneReport {
  readonly entries: readonly ReportEntry[];
  /** The meaning of the last line, present only when butane failed. */
  readonly failure?: string;
  readonly yamlFaults: readonly YamlFault[];
}

const STRICT_FAILURE = 'Config produced warnings and --strict was specified';
const TRANSLATE_FAILURE = 'Error translating config: ';
const YAML_FAILURE = /^(?:Error unmarshaling yaml: )?yaml: /;
const ENTRY_START = /^(?:error|warning|info)(?:: | at (?:\$|line \d))/;

/**
 * Reads what `butane --raw-errors` writes to stderr. Never fails: what it does not know is left out. The entries are
 * sorted by line, column, path, severity and message.
 *
 * butane escapes nothing, so a key with a line break can write lines that look like entries. Only documents whose keys
 * were checked before give a report that can be believed.
 */
export function parseReport(stderr: string): ButaneReport {
  const lines = stripEscapes(stderr).replaceAll('\r\n', '\n').split('\n');
  const last = lines.findLastIndex((line) => line === STRICT_FAILURE || line.startsWith(TRANSLATE_FAILURE));
  const entries = parseEntries(last === -1 ? lines : lines.slice(0, last));
  if (last === -1) return { entries, yamlFaults: [] };
  const text = lines.slice(last).join('\n').trimEnd();
  return { entries, ...parseFailure(text) };
}

function parseEntries(lines: readonly string[]): readonly ReportEntry[] {
  const blocks: string[][] = [];
  for (const line of lines) {
    if (ENTRY_START.test(line)) blocks.push([line]);
    else blocks.at(-1)?.push(line);
  }
  return blocks.flatMap((block) => parseEntry(block.join('\n').trimEnd())).sort(compareEntries);
}

const SEVERITY_OF: Readonly<Record<string, Severity>> = { error: 'error', warning: 'warning', info: 'info' };

function parseEntry(text: string): readonly ReportEntry[] {
  const head = /^(error|warning|info)(?: at |: )/.exec(text);
  const severity = SEVERITY_OF[head?.[1] ?? ''];
  if (head === null || severity === undefined) return [];
  const rest = text.slice(head[0].length);
  return [{ severity, ...(head[0].endsWith(': ') ? { message: rest } : splitPlace(rest)) }];
}

/** What stands after `error at `: a path, a position or both, then the message. */
function splitPlace(text: string): Omit<ReportEntry, 'severity'> {
  const position = /^line (\d+) col (\d+): ([\s\S]*)$/.exec(text);
  if (position) return { message: position[3] ?? '', line: Number(position[1]), column: Number(position[2]) };

  const candidates = splits(text);
  const first = candidates[0];
  if (first === undefined) return { message: text };
  return candidates.find(repeatsItsKey) ?? first;
}

const UNUSED_KEY = 'unused key ';

/**
 * Every way to read the text as `path[, line N col M]: message`. The schema's own keys hold no colon, so the first is
 * right, unless the path ends in a key that butane does not know.
 */
function splits(text: string): readonly (Omit<ReportEntry, 'severity'> & { readonly path: string })[] {
  const found: (Omit<ReportEntry, 'severity'> & { path: string })[] = [];
  const separator = /(?:, line (\d+) col (\d+))?: /g;
  for (let match = separator.exec(text); match !== null && found.length < MAX_SPLITS; match = separator.exec(text)) {
    const path = text.slice(0, match.index);
    const message = text.slice(match.index + match[0].length);
    const { 1: line, 2: column } = match;
    found.push({ path, message, ...(line && column ? { line: Number(line), column: Number(column) } : {}) });
  }
  return found;
}

const MAX_SPLITS = 32;

/** The message about an unknown key repeats the key, which tells where the path ends whatever the key holds. */
function repeatsItsKey(candidate: { readonly path: string; readonly message: string }): boolean {
  const { path, message } = candidate;
  return message.startsWith(UNUSED_KEY) && path.endsWith(`.${message.slice(UNUSED_KEY.length)}`);
}

function parseFailure(text: string): Required<Pick<ButaneReport, 'failure' | 'yamlFaults'>> {
  const said = text.startsWith(TRANSLATE_FAILURE) ? text.slice(TRANSLATE_FAILURE.length) : text;
  if (!YAML_FAILURE.test(said)) return { failure: said, yamlFaults: [] };
  const detail = said.replace(YAML_FAILURE, '');
  const listed = detail.split(/\n {2}(?=line \d+: )/);
  const faults = listed[0] === 'unmarshal errors:' ? listed.slice(1) : [detail];
  return { failure: 'the document is not valid YAML for butane', yamlFaults: faults.map(parseYamlFault) };
}

function parseYamlFault(text: string): YamlFault {
  const match = /^line (\d+): ([\s\S]*)$/.exec(text);
  return match ? { line: Number(match[1]), message: match[2] ?? '' } : { message: text };
}

function stripEscapes(text: string): string {
  return text.replace(ESCAPE_SEQUENCE, '');
}

// Built from text: the linter takes a control character in a regular expression for a slip.
const ESCAPE_SEQUENCE = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*[A-Za-z]`, 'g');

const SEVERITY_ORDER: Readonly<Record<Severity, number>> = { error: 0, warning: 1, info: 2 };

function compareEntries(a: ReportEntry, b: ReportEntry): number {
  return (
    (a.line ?? 0) - (b.line ?? 0) ||
    (a.column ?? 0) - (b.column ?? 0) ||
    compareText(a.path ?? '', b.path ?? '') ||
    SEVERITY_ORDER[a.severity] - SEVERITY_ORDER[b.severity] ||
    compareText(a.message, b.message)
  );
}

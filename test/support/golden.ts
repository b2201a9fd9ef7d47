import assert from 'node:assert/strict';
import { type Dirent, readdirSync, readFileSync } from 'node:fs';
import { readFile, realpath, stat } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import { parse } from 'yaml';
import type { Diagnostic } from '../../src/diagnostic.ts';
import { sortDiagnostics } from '../../src/diagnostic.ts';
import type { ErrorCode } from '../../src/errors.ts';
import { ProvisioningError } from '../../src/errors.ts';
import { parseSpecVersion } from '../../src/ignition/spec-version.ts';
import { parseMachine } from '../../src/machine/machine.ts';
import { checkSite } from '../../src/render/check.ts';
import type { Workshop } from '../../src/service/workshop-process.ts';
import { openWorkshop } from '../../src/service/workshop-process.ts';
import { compileSchema } from '../../src/site/schema.ts';
import { PUBLIC_URL } from './service.ts';

const GOLDEN = resolve('test/golden');

/** Folders of another kind, for `test/e2e/adopt.test.ts` and `test/unit/pointer/golden.test.ts`. */
const OTHERS: ReadonlySet<string> = new Set(['adopt', 'pointer']);

/** What a case's folder may hold; `test/golden/README.md` says what for. */
const CASE_ENTRIES: Readonly<Record<string, 'file' | 'folder'>> = {
  'case.yaml': 'file',
  'expected.json': 'file',
  site: 'folder',
};

/** One case: a request to a small site, and what has to come of it. */
export interface GoldenCase {
  /** The name of its folder. */
  readonly name: string;
  readonly title: string;
  /** Absolute path of its site. */
  readonly site: string;
  /** Absolute path of what has to come of it. */
  readonly expected: string;
  readonly request: GoldenRequest;
}

/** What a case asks for: the config of one machine, or with `lint` everything that is wrong with its site. */
interface GoldenRequest {
  readonly profile?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly spec?: string;
  readonly lint?: 'true';
}

/** What came of a case; the reports are in the order of their places. */
export interface Outcome {
  readonly code: ErrorCode | 'ok';
  /** What a refusal says in one sentence; absent when it is none. */
  readonly message?: string;
  readonly reports: readonly GoldenReport[];
}

/** One report, flat, with the text at its place: that shows a reader whether the place is right. */
export interface GoldenReport extends Pick<Diagnostic, 'severity' | 'code' | 'message' | 'path' | 'hint'>, Place {
  readonly at: string | null;
}

interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

const TEXT = { type: 'string', minLength: 1 };

const CASE_SCHEMA = compileSchema({
  type: 'object',
  required: ['title'],
  additionalProperties: false,
  properties: {
    title: TEXT,
    profile: TEXT,
    labels: { type: 'object', additionalProperties: TEXT },
    spec: { type: 'string', pattern: '^\\d+\\.\\d+\\.\\d+$' },
    lint: { const: 'true' },
  },
});

/** Every case, in the order of their names. Throws when a `case.yaml` cannot be read or says what nobody reads. */
export function readGoldenCases(): readonly GoldenCase[] {
  return entriesOf(GOLDEN)
    .filter((entry) => entry.isDirectory() && !OTHERS.has(entry.name))
    .map(({ name }) => readCase(name));
}

function readCase(name: string): GoldenCase {
  const directory = join(GOLDEN, name);
  // Labels are texts as written, so nothing is typed.
  const written = parse(readFileSync(join(directory, 'case.yaml'), 'utf8'), { schema: 'failsafe' });
  const faults = CASE_SCHEMA.check(written).map((fault) => fault.message);
  assert.ok(faults.length === 0, `test/golden/${name}/case.yaml: ${faults.join('; ')}`);
  const { title, ...request } = written;
  return { name, title, site: join(directory, 'site'), expected: join(directory, 'expected.json'), request };
}

/** Whatever stands in or beside the cases and is read by nobody, and what a case lacks. */
export function findStrayFiles(): readonly string[] {
  return entriesOf(GOLDEN).flatMap((entry) => {
    if (!entry.isDirectory()) return entry.name === 'README.md' ? [] : [entry.name];
    if (OTHERS.has(entry.name)) return [];
    const entries = entriesOf(join(GOLDEN, entry.name));
    const kinds = new Map(entries.map((each) => [each.name, each.isDirectory() ? 'folder' : 'file']));
    const names = new Set([...kinds.keys(), ...Object.keys(CASE_ENTRIES)]);
    return [...names].filter((name) => kinds.get(name) !== CASE_ENTRIES[name]).map((name) => `${entry.name}/${name}`);
  });
}

function entriesOf(directory: string): readonly Dirent[] {
  return readdirSync(directory, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Does what the case asks for, the way the command line does it. */
export async function observe({ site, request }: GoldenCase, butane: string): Promise<Outcome> {
  const { diagnostics, ...outcome } = await ask(site, request, butane);
  const reports: GoldenReport[] = [];
  for (const diagnostic of sortDiagnostics(diagnostics)) {
    const { severity, code, message, path, origin, hint } = diagnostic;
    assert.ok(origin !== undefined, `a report has no place: ${message}`);
    const { file, line, column } = origin;
    const place = { file, line, column, at: await textAt(site, origin) };
    reports.push({
      ...{ severity, code, message },
      ...(path === undefined ? {} : { path }),
      ...place,
      ...(hint === undefined ? {} : { hint }),
    });
  }
  return { ...outcome, reports };
}

async function ask(
  site: string,
  request: GoldenRequest,
  butane: string,
): Promise<Omit<Outcome, 'reports'> & { readonly diagnostics: readonly Diagnostic[] }> {
  try {
    const workshop = await openWorkshop({ site, butane, publicUrl: PUBLIC_URL });
    try {
      return { code: 'ok', diagnostics: await diagnosticsOf(workshop, request) };
    } finally {
      await workshop.close();
    }
  } catch (error) {
    if (!(error instanceof ProvisioningError)) throw error;
    const { code, message, diagnostics } = error;
    return { code, message, diagnostics };
  }
}

async function diagnosticsOf(
  { served, renderer }: Workshop,
  { profile, labels, spec, lint }: GoldenRequest,
): Promise<readonly Diagnostic[]> {
  if (lint) return (await checkSite(served, renderer)).reports.map((report) => report.diagnostic);
  const accepts = spec === undefined ? undefined : parseSpecVersion(spec);
  const rendered = await renderer.renderInFull(served, {
    machine: parseMachine(labels ?? {}, { from: 'query' }),
    ...(profile === undefined ? {} : { profileId: profile }),
    ...(accepts === undefined ? {} : { accepts }),
  });
  return rendered.diagnostics;
}

/** Enough to recognise a place by. */
const AT_LENGTH = 30;

/**
 * The text that starts at a place, to the end of its line, cut to a few characters; null where the place is no file of
 * the site, such as a folder or a link that leads out. Reads the file itself, so that it cannot share a mistake with
 * what made the place.
 */
export async function textAt(site: string, { file, line, column }: Place): Promise<string | null> {
  const content = await readInside(site, file);
  if (content === undefined) return null;
  const text = new TextDecoder('utf-8').decode(content).split(/\r?\n/)[line - 1];
  assert.ok(text !== undefined, `${file} has no line ${line}`);
  const characters = [...text];
  assert.ok(column >= 1 && column <= characters.length + 1, `line ${line} of ${file} has no column ${column}`);
  return characters.slice(column - 1, column - 1 + AT_LENGTH).join('');
}

async function readInside(site: string, file: string): Promise<Buffer | undefined> {
  try {
    const path = await realpath(join(site, file));
    const outside = relative(await realpath(site), path).split(sep)[0] === '..';
    return outside || !(await stat(path)).isFile() ? undefined : await readFile(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

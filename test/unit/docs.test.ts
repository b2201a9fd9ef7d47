import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { FEATURES } from '../../src/feature/features.ts';
import { referenceMarkdown } from '../../src/feature/reference.ts';
import { FILTERS } from '../../src/fragment/filters.ts';
import { problemsMarkdown } from '../../src/http/problems-markdown.ts';
import { DIALECTS } from '../../src/metadata/dialects.ts';
import { platformsMarkdown } from '../../src/pointer/platforms-markdown.ts';
import { DEFINITION_SCHEMAS } from '../../src/site/definition.ts';
import { editorSchemas } from '../../src/site/editor-schema.ts';
import { runCommand } from '../support/command.ts';

const pages = [
  'README.md',
  'CHANGELOG.md',
  'examples/site/README.md',
  ...readdirSync('docs', { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
];

for (const page of pages) {
  test(`every link in ${page} leads somewhere`, () => {
    const broken = linksIn(page).filter((link) => !leadsSomewhere(page, link));
    assert.deepEqual(broken, []);
  });
}

test('README.md leads to every page of the reference', () => {
  const linked = new Set(linksIn('README.md').map((link) => link.split('#')[0]));
  const missing = pages.filter((page) => /^docs\/[^/]+\.md$/.test(page) && !linked.has(page));
  assert.deepEqual(missing, []);
});

test('docs/problems.md is what the table of problems says: UPDATE_GOLDEN=1 writes it anew', () => {
  const expected = problemsMarkdown();
  if (process.env.UPDATE_GOLDEN) writeFileSync('docs/problems.md', expected);
  assert.equal(readFileSync('docs/problems.md', 'utf8'), expected);
});

test('docs/features.md has the keys of every feature: UPDATE_GOLDEN=1 writes them anew', () => {
  const page = readFileSync('docs/features.md', 'utf8');
  const [before = '', rest = ''] = page.split(/(?<=<!-- keys of all features -->\n)/);
  const after = rest.slice(rest.indexOf('<!-- end of the keys -->'));
  const expected = `${before}\n${referenceMarkdown(FEATURES)}\n${after}`;
  assert.ok(after.startsWith('<!--'));
  if (process.env.UPDATE_GOLDEN) writeFileSync('docs/features.md', expected);
  assert.equal(readFileSync('docs/features.md', 'utf8'), expected);
});

test('docs/pointer.md has the table of platforms: UPDATE_GOLDEN=1 writes it anew', () => {
  const page = readFileSync('docs/pointer.md', 'utf8');
  const [before = '', rest = ''] = page.split(/(?<=<!-- table of platforms -->\n)/);
  const after = rest.slice(rest.indexOf('<!-- end of the table -->'));
  assert.ok(after.startsWith('<!--'));
  const expected = `${before}\n${platformsMarkdown()}\n${after}`;
  if (process.env.UPDATE_GOLDEN) writeFileSync('docs/pointer.md', expected);
  assert.equal(readFileSync('docs/pointer.md', 'utf8'), expected);
});

for (const [kind, schema] of Object.entries(editorSchemas())) {
  test(`docs/schema/${kind}.json is what editors are to know of it: UPDATE_GOLDEN=1 writes it anew`, () => {
    const file = `docs/schema/${kind}.json`;
    const expected = `${JSON.stringify(schema, null, 2)}\n`;
    if (process.env.UPDATE_GOLDEN) writeFileSync(file, expected);
    assert.equal(readFileSync(file, 'utf8'), expected);
  });
}

test('docs/network-boot.md prints every file of deploy/network-boot as it is', () => {
  const page = readFileSync('docs/network-boot.md', 'utf8');
  const missing = readdirSync('deploy/network-boot').filter((name) => {
    const text = readFileSync(join('deploy/network-boot', name), 'utf8');
    return !page.includes(text.replace(/^(?=.)/gm, '    '));
  });
  assert.deepEqual(missing, []);
});

test('docs/templates.md explains every filter', () => {
  const text = readFileSync('docs/templates.md', 'utf8');
  assert.deepEqual(
    Object.keys(FILTERS).filter((name) => !text.includes(`\`${name}\``)),
    [],
  );
});

test('docs/reports.md explains every code of a report', () => {
  const source = readFileSync('src/diagnostic.ts', 'utf8');
  const union = /export type DiagnosticCode =([^;]+);/.exec(source)?.[1] ?? '';
  const codes = [...union.matchAll(/'([a-z-]+)'/g)].map((match) => match[1]);
  assert.ok(codes.length > 10);
  const text = readFileSync('docs/reports.md', 'utf8');
  assert.deepEqual(
    codes.filter((code) => !text.includes(`\`${code}\``)),
    [],
  );
});

test('docs/site.md explains every key of the definitions', () => {
  const text = readFileSync('docs/site.md', 'utf8');
  const keys = Object.values(DEFINITION_SCHEMAS).flatMap(({ properties }) => Object.keys(properties));
  assert.deepEqual(
    keys.filter((key) => !text.includes(`\`${key}\``)),
    [],
  );
});

test('docs/cli.md explains every flag of every command, and every variable', async () => {
  const text = readFileSync('docs/cli.md', 'utf8');
  const words = new Set<string>();
  for (const command of [
    [],
    ['serve'],
    ['render'],
    ['lint'],
    ['explain'],
    ['boot'],
    ['pointer'],
    ['diff'],
    ['adopt'],
    ['assets', 'verify'],
    ['import', 'matchbox'],
    ['openapi'],
  ]) {
    const { code, out: help } = await runCommand([...command, '--help']);
    assert.equal(code, 0);
    for (const [word] of help.matchAll(/--[a-z][a-z-]+|PILOTLIGHT_[A-Z_]+/g)) words.add(word);
  }
  assert.ok(words.size > 20);
  assert.deepEqual(
    [...words].filter((word) => !text.includes(word)),
    [],
  );
});

test('docs/cloud-metadata.md says of every dialect where it is, what it wants, and what unknown machines get', () => {
  const page = readFileSync('docs/cloud-metadata.md', 'utf8');
  const rows = page.split('\n').filter((line) => line.startsWith('| `'));
  const wrong = DIALECTS.filter(({ name, address, userData, flavour, token, unknown }) => {
    const cells = rows.map((row) => row.split('|').map((cell) => cell.trim()));
    const own = cells.find(([, first, second]) => first === `\`${name}\`` && second === address);
    const answer = cells.find(
      ([, first, second]) => first?.includes(`\`${name}\``) && /^(?:wait|stop): /.test(second ?? ''),
    );
    const [, , , , header = '', path = '', encoding, tokens] = own ?? [];
    const paths = [...path.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '');
    return !(
      paths.length > 0 &&
      paths.every((each) => userData.path.test(each)) &&
      encoding === userData.encoding &&
      tokens === (token === undefined ? 'no' : 'yes') &&
      header.includes(flavour?.header ?? token?.header ?? 'none') &&
      answer?.[2]?.startsWith(unknown) === true
    );
  });
  assert.deepEqual(
    wrong.map(({ name }) => name),
    [],
  );
});

function linksIn(page: string): readonly string[] {
  const text = readFileSync(page, 'utf8').replace(/^```[\s\S]*?^```/gm, '');
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)].flatMap((match) => match[1] ?? []);
}

function leadsSomewhere(page: string, link: string): boolean {
  if (/^https?:/.test(link)) return URL.canParse(link);
  const [file = '', anchor] = link.split('#');
  const target = file === '' ? page : join(dirname(page), file);
  if (!existsSync(target)) return false;
  if (anchor === undefined) return true;
  return statSync(target).isFile() && sectionsOf(target, '#').some(({ title }) => slug(title) === anchor);
}

/** Sections by their headings, as far as these start with `mark`. */
function sectionsOf(page: string, mark: string): readonly { readonly title: string; readonly text: string }[] {
  const text = readFileSync(page, 'utf8').replace(/^```[\s\S]*?^```/gm, '');
  return text
    .split(/^(?=#)/m)
    .filter((part) => part.startsWith(mark))
    .map((part) => ({ title: /^#+ (.*)/.exec(part)?.[1]?.replaceAll('`', '') ?? '', text: part }));
}

/** The anchor that code hosts make of a heading. */
function slug(title: string): string {
  return title
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replace(/\s/g, '-');
}

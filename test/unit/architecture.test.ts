import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join, normalize } from 'node:path';
import { test } from 'node:test';

interface Token {
  readonly kind: 'code' | 'comment' | 'string' | 'template' | 'regex';
  readonly text: string;
  readonly start: number;
}

interface Import {
  readonly from: string;
  readonly line: number;
  /** Erased by the compiler, so nothing is loaded. */
  readonly typeOnly: boolean;
}

interface SourceFile {
  readonly path: string;
  readonly tokens: readonly Token[];
  readonly imports: readonly Import[];
}

const base = ['errors', 'diagnostic', 'version', 'run-outcome'];
const middle = [
  'site',
  'metadata',
  'boot',
  'matchbox',
  'fragment',
  'feature',
  'butane',
  'ignition',
  'machine',
  'go-template',
];

/** What each folder, and each file directly in src, may import besides itself. */
const allowedImports: Readonly<Record<string, readonly string[]>> = {
  main: ['cli', 'service', 'config'],
  service: ['import', 'http', 'assets', 'metrics', 'live', 'render', 'config', ...middle, ...base],
  config: ['machine', 'metadata', ...base],
  cli: ['service', 'config', 'adopt', 'pointer', 'import', 'assets', 'live', 'render', ...middle, ...base],
  http: ['metrics', 'assets', 'live', 'pointer', 'render', ...middle, ...base],
  live: ['render', ...middle, ...base],
  adopt: ['render', ...middle, ...base],
  pointer: ['render', ...middle, ...base],
  import: [...middle, ...base],
  assets: ['butane', ...base],
  metrics: base,
  render: [...middle, ...base],
  site: ['boot', 'metadata', 'fragment', 'feature', 'machine', 'butane', 'ignition', 'go-template', ...base],
  matchbox: ['site', 'fragment', 'go-template', ...base],
  metadata: base,
  boot: ['fragment', 'machine', ...base],
  fragment: base,
  feature: ['fragment', ...base],
  butane: base,
  ignition: base,
  machine: base,
  'go-template': base,
  errors: ['diagnostic'],
  diagnostic: [],
  version: [],
  'run-outcome': [],
};

const mayTouchTheWorld = /(?:-(?:process|file|sqlite|postgres)|^main|^service)\.ts$/;
const worldlyModule =
  /^node:(?:fs|child_process|net|https?|http2|os|dgram|tls|dns|process|sqlite|worker_threads)(?:\/|$)/;
const declaration =
  /^export\s+(?:default\s+|declare\s+|abstract\s+|async\s+)*(?:function\b\s*\*?|class\b|interface\b|type\b|const\b)\s*([\w$]+)/gm;

const src = readFolders('src');
const everything = [...src, ...readFolders('test', 'bench', 'tools')];

test('source folders import only what the dependency rule allows', () => {
  assert.ok(src.length > 0, 'no sources were found: the tests run in the root of the checkout');
  const found = src.flatMap(({ path, imports }) => {
    const from = folderOf(path);
    const allowed = allowedImports[from];
    if (allowed === undefined) return [`${path}: ${from} is not in the dependency rule`];
    return localImports(path, imports)
      .filter(({ target }) => folderOf(target) !== from && !allowed.includes(folderOf(target)))
      .map(({ target, line }) => `${path}:${line}: ${from} may not import ${target}`);
  });
  assert.deepEqual(found, []);
});

test('no source files import each other in a circle', () => {
  assert.deepEqual(findCycles(new Map(src.map(({ path, imports }) => [path, localImports(path, imports)]))), []);
});

test('only files whose name says so touch the outside world', () => {
  const found = src
    .filter(({ path }) => !mayTouchTheWorld.test(basename(path)))
    .flatMap(({ path, tokens, imports }) => [
      ...imports
        .filter(({ from, typeOnly }) => worldlyModule.test(from) && !typeOnly)
        .map(({ from, line }) => `${path}:${line}: ${from}`),
      ...matches(tokens, 'code', /\bprocess\s*(?:\.|\[)/g).map(({ line }) => `${path}:${line}: process`),
    ]);
  assert.deepEqual(found, []);
});

test('no file postpones work or silences a check', () => {
  const found = everything.flatMap(({ path, tokens }) =>
    [
      ...matches(tokens, 'comment', /\bTODO\b|\bFIXME\b|biome-ignore|@ts-(?:ignore|expect-error|nocheck)/g),
      ...matches(tokens, 'code', /\bas\s+unknown\s+as\b|\bas\s+any\b/g),
    ].map(({ text, line }) => `${path}:${line}: ${text}`),
  );
  assert.deepEqual(found, []);
});

test('every exported declaration of the service says what it promises', () => {
  assert.deepEqual(src.flatMap(undocumented), []);
});

test('relative imports name the TypeScript file', () => {
  const found = everything
    .filter(({ path }) => path.endsWith('.ts'))
    .flatMap(({ path, imports }) =>
      imports
        .filter(({ from }) => from.startsWith('.') && !from.endsWith('.ts'))
        .map(({ from, line }) => `${path}:${line}: ${from}`),
    );
  assert.deepEqual(found, []);
});

test('file names are kebab-case', () => {
  const kebab = /^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.test)?\.(?:ts|mjs)$/;
  assert.deepEqual(
    everything.map(({ path }) => path).filter((path) => !kebab.test(basename(path))),
    [],
  );
});

test('the import scan sees imports and nothing that merely looks like one', () => {
  const cases: readonly (readonly [source: string, found: readonly string[]])[] = [
    [`import { a } from './a.ts';`, ['./a.ts']],
    [`import {\n  a, // the 'first'\n} from /* why */ "./a.ts";`, ['./a.ts']],
    [`import './a.ts';\nexport * from './b.ts'`, ['./a.ts', './b.ts']],
    [`const a = await import( './a.ts' );`, ['./a.ts']],
    [`import type { A } from './a.ts';\nexport type { B } from './b.ts';`, ['./a.ts (type)', './b.ts (type)']],
    [`import { type A } from './a.ts';\nimport type from './b.ts';`, ['./a.ts', './b.ts']],
    [`// import './a.ts'\n/* import './b.ts' */ const a = "import './c.ts'";`, []],
    [`const a = \`import './a.ts' \${b ? \`import './b.ts'\` : import('./c.ts')}\`;`, ['./c.ts']],
    [`const quote = /['"\`/*]/; import './a.ts';`, ['./a.ts']],
    [`const half = a / b; import './a.ts'; const third = (a) / b;`, ['./a.ts']],
    [`const letters = Array.from('./a.ts'); x.import = 'y';`, []],
  ];
  for (const [source, found] of cases) {
    const seen = parse('x.ts', source).imports.map(({ from, typeOnly }) => (typeOnly ? `${from} (type)` : from));
    assert.deepEqual(seen, found, source);
  }
});

test('a circle of imports is found, and a diamond is none', () => {
  const graph = (edges: Readonly<Record<string, readonly string[]>>) =>
    new Map(Object.entries(edges).map(([path, to]) => [path, to.map((target) => ({ target, line: 1 }))]));
  assert.deepEqual(findCycles(graph({ a: ['b', 'c'], b: ['d'], c: ['d'], d: [] })), []);
  assert.deepEqual(findCycles(graph({ a: ['b'], b: ['c'], c: ['b'] })), ['b -> c -> b']);
  assert.deepEqual(findCycles(graph({ a: ['a'] })), ['a -> a']);
});

test('a declaration counts as documented by the JSDoc comment directly before it alone', () => {
  const names = (source: string) => undocumented(parse('x.ts', source)).map((fault) => fault.split(': ')[1]);
  assert.deepEqual(names('/** Yes. */\nexport function a() {}'), []);
  assert.deepEqual(names('/** Yes. */\n\nexport async function a() {}'), ['a']);
  assert.deepEqual(names('// No.\nexport interface A {}\n/* No. */\nexport const b = 1;'), ['A', 'b']);
  assert.deepEqual(names("export type { A } from './a.ts';\nexport { b };"), []);
  assert.deepEqual(names('/** Yes. */\nexport function a(b: 1): 1;\nexport function a(b: 2): 2;'), []);
});

function readFolders(...folders: readonly string[]): readonly SourceFile[] {
  return folders.flatMap((folder) => {
    const root = process.cwd();
    const names = readdirSync(root).includes(folder)
      ? readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      : [];
    const paths = names.filter((name) => /\.(?:ts|mjs)$/.test(name)).map((name) => join(folder, name));
    return paths.sort().map((path) => parse(path, readFileSync(join(root, path), 'utf8')));
  });
}

function parse(path: string, source: string): SourceFile {
  const tokens = tokenize(source);
  const imports: Import[] = [];
  let before = '';
  for (const { kind, text, start } of tokens) {
    if (kind === 'code') before += text;
    if (kind !== 'string') continue;
    if (/(?<![.\w$])(?:from|import)\s*$|(?<![.\w$])import\s*\(\s*$/.test(before)) {
      const typeOnly = /\b(?:import|export)\s+type\s+(?!from\s*$)[^;]*$/.test(before);
      imports.push({ from: text.slice(1, -1), line: lineAt(source, start), typeOnly });
    }
    // What follows belongs to the next statement, as far as imports are concerned.
    before = ';';
  }
  return { path, tokens, imports };
}

/** Splits a source so that quotes in comments, comments in strings and both in regular expressions are no trouble. */
function tokenize(source: string): readonly Token[] {
  const patterns: readonly (readonly [Token['kind'], RegExp])[] = [
    ['comment', /\/\/[^\n]*|\/\*[\s\S]*?\*\//y],
    ['string', /'(?:[^'\\\n]|\\[\s\S])*'|"(?:[^"\\\n]|\\[\s\S])*"/y],
    ['template', /`(?:[^`\\$]|\\[\s\S]|\$(?!\{))*(?:`|\$\{)/y],
    ['regex', /\/(?![*/])(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y],
  ];
  const templateRest = /\}(?:[^`\\$]|\\[\s\S]|\$(?!\{))*(?:`|\$\{)/y;
  const tokens: Token[] = [];
  const openBraces: number[] = [];
  let code = '';
  let at = 0;
  const push = (kind: Token['kind'], text: string) => {
    if (code !== '') tokens.push({ kind: 'code', text: code, start: at - code.length });
    code = '';
    tokens.push({ kind, text, start: at });
    at += text.length;
  };
  while (at < source.length) {
    const rest = openBraces.at(-1) === 0 ? matchAt(templateRest, source, at) : undefined;
    const hit =
      rest === undefined
        ? patterns.find(([kind, pattern]) => {
            if (kind === 'regex' && !/(?:^|[(,=:[!&|?{};+*%~^<>-]|\b(?:return|typeof|case))\s*$/.test(code))
              return false;
            return matchAt(pattern, source, at) !== undefined;
          })
        : undefined;
    const text = rest ?? (hit && matchAt(hit[1], source, at));
    if (text !== undefined) {
      if (rest?.endsWith('`')) openBraces.pop();
      if (hit?.[0] === 'template' && text.endsWith('${')) openBraces.push(0);
      push(hit?.[0] ?? 'template', text);
      continue;
    }
    const character = source.charAt(at);
    const depth = openBraces.at(-1);
    if (depth !== undefined && character === '{') openBraces[openBraces.length - 1] = depth + 1;
    if (depth !== undefined && character === '}') openBraces[openBraces.length - 1] = depth - 1;
    code += character;
    at += 1;
  }
  if (code !== '') tokens.push({ kind: 'code', text: code, start: at - code.length });
  return tokens;
}

function matchAt(pattern: RegExp, source: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(source)?.[0];
}

function matches(tokens: readonly Token[], kind: Token['kind'], pattern: RegExp) {
  const source = tokens.map(({ text }) => text).join('');
  return tokens
    .filter((token) => token.kind === kind)
    .flatMap(({ text, start }) =>
      [...text.matchAll(pattern)].map((match) => ({ text: match[0], line: lineAt(source, start + match.index) })),
    );
}

function undocumented({ path, tokens }: SourceFile): readonly string[] {
  const source = tokens.map(({ text }) => text).join('');
  const code = tokens.map(({ kind, text }) => (kind === 'code' ? text : text.replace(/[^\n]/g, ' '))).join('');
  const documented = new Set<string>();
  return [...code.matchAll(declaration)].flatMap(({ index, 1: name = '' }) => {
    // The overloads of a function share the comment of the first one.
    if (documented.has(name)) return [];
    documented.add(name);
    const hasDoc = tokens.some(({ kind, text, start }) => {
      const end = start + text.length;
      return kind === 'comment' && text.startsWith('/**') && /^[^\S\n]*\n[^\S\n]*$/.test(source.slice(end, index));
    });
    return hasDoc ? [] : [`${path}:${lineAt(source, index)}: ${name}`];
  });
}

function localImports(path: string, imports: readonly Import[]) {
  return imports
    .filter(({ from }) => from.startsWith('.'))
    .map(({ from, line }) => ({ target: normalize(join(path, '..', from)), line }));
}

function findCycles(graph: ReadonlyMap<string, readonly { readonly target: string }[]>): readonly string[] {
  const cycles = new Set<string>();
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): void => {
    const seenAt = trail.indexOf(path);
    if (seenAt >= 0) cycles.add([...trail.slice(seenAt), path].join(' -> '));
    if (seenAt >= 0 || done.has(path)) return;
    for (const { target } of graph.get(path) ?? []) visit(target, [...trail, path]);
    done.add(path);
  };
  for (const path of graph.keys()) visit(path, []);
  return [...cycles];
}

function folderOf(path: string): string {
  return (path.split('/')[1] ?? '').replace(/\.ts$/, '');
}

function lineAt(source: string, index: number): number {
  return source.slice(0, index).split('\n').length;
}

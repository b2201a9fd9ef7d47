import type { Diagnostic } from '../../diagnostic.ts';
import { writeToml } from '../../fragment/write-toml.ts';
import type { Contribution, Part } from '../feature.ts';
import type { Keys } from '../keys.ts';
import { isKeys, toJson } from '../keys.ts';
import { filePart } from '../parts.ts';

type DocumentContribution = Extract<Contribution, { readonly kind: 'document' }>;

const WRITERS: Readonly<Record<DocumentContribution['format'], (value: Keys) => string>> = {
  json: toJson,
  toml: writeToml,
};

/** Renders the JSON and TOML files that several features touch: mappings are united, and two values for one key are an error. */
export function renderDocuments(contributions: readonly Contribution[]): {
  readonly fragment: readonly Part[];
  readonly diagnostics: readonly Diagnostic[];
} {
  const documents = contributions.filter((each) => each.kind === 'document');
  const byPath = new Map<string, DocumentContribution[]>();
  for (const each of documents) byPath.set(each.path, [...(byPath.get(each.path) ?? []), each]);
  const diagnostics: Diagnostic[] = [];
  const fragment = [...byPath].flatMap(([path, given]) => {
    const [first] = given;
    if (first === undefined) return [];
    let value: Keys = {};
    for (const each of given) value = unite(value, each.value, [], (key) => diagnostics.push(conflict(each, key)));
    return [filePart(first.origin, path, WRITERS[first.format](value))];
  });
  return { fragment, diagnostics };
}

function unite(a: Keys, b: Keys, path: readonly string[], onConflict: (key: string) => void): Keys {
  const united: Record<string, unknown> = { ...a };
  for (const [key, value] of Object.entries(b)) {
    // Keys are data: what an object has from its prototype is not there.
    const before = Object.hasOwn(united, key) ? united[key] : undefined;
    if (isKeys(before) && isKeys(value)) united[key] = unite(before, value, [...path, key], onConflict);
    else if (before === undefined) united[key] = value;
    else if (JSON.stringify(before) !== JSON.stringify(value)) onConflict([...path, key].join('.'));
  }
  return united;
}

function conflict({ path, origin }: DocumentContribution, key: string): Diagnostic {
  return {
    severity: 'error',
    code: 'feature',
    message: `two features want different values of \`${key}\` in ${path}`,
    origin,
    hint: 'change one of the two blocks',
  };
}

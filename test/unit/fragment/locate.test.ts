import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { locate, locateText } from '../../../src/fragment/locate.ts';
import { formatPath, type Node, type PathSegment } from '../../../src/fragment/node.ts';
import { reportOrigin } from '../../../src/fragment/report-origin.ts';
import { parseLayer } from '../../support/nodes.ts';

const TEXT = `storage:
  files:
    - path: /a
      mode: 0644
    - path: /b
"a.b":
  c: 1
  d.e: 2
a:
  b:
    x: 3
__proto__:
  y: 4
`;
const ROOT = parseLayer(TEXT, 'web.bu');

/** What a location says, in one line: its path, key place, place, and whether it is all of what was asked for. */
function shown({ path, keyOrigin, node, complete }: ReturnType<typeof locate>): string {
  const place = ({ line, column }: Node['origin']) => `${line}:${column}`;
  return `${path.join('/')} ${place(keyOrigin)} ${place(node.origin)}${complete ? '' : ' and no further'}`;
}

describe('a path leads', () => {
  const cases: readonly (readonly [string, readonly PathSegment[], string])[] = [
    ['to the root', [], ' 1:1 1:1'],
    ['to a value', ['storage', 'files', 0, 'mode'], 'storage/files/0/mode 4:7 4:13'],
    ['to a list item, whose key is itself', ['storage', 'files', 1], 'storage/files/1 5:7 5:7'],
    ['by an index that is a text', ['storage', 'files', '1', 'path'], 'storage/files/1/path 5:7 5:13'],
    ['to the parent of a missing key', ['storage', 'files', 0, 'user', 'id'], 'storage/files/0 3:7 3:7 and no further'],
    ['to the list of a missing item', ['storage', 'files', 2], 'storage/files 2:3 3:5 and no further'],
    ['no further than a scalar', ['storage', 'files', 0, 'path', 'x'], 'storage/files/0/path 3:7 3:13 and no further'],
    ['not to what lists have by themselves', ['storage', 'files', 'length'], 'storage/files 2:3 3:5 and no further'],
    ['not to a negative index', ['storage', 'files', -1], 'storage/files 2:3 3:5 and no further'],
    ['to a key with a dot', ['a.b', 'd.e'], 'a.b/d.e 8:3 8:8'],
    ['to a key that objects have by themselves', ['__proto__', 'y'], '__proto__/y 13:3 13:6'],
    ['not to one that was not written', ['constructor'], ' 1:1 1:1 and no further'],
  ];
  for (const [title, path, expected] of cases) test(title, () => assert.equal(shown(locate(ROOT, path)), expected));
});

describe("a path in butane's spelling leads", () => {
  const cases: Readonly<Record<string, readonly [string, string]>> = {
    'to the root': ['$', ' 1:1 1:1'],
    'to a value': ['$.storage.files.0.mode', 'storage/files/0/mode 4:7 4:13'],
    'through a key with dots': ['$.a.b.c', 'a.b/c 7:3 7:6'],
    'through two keys with dots': ['$.a.b.d.e', 'a.b/d.e 8:3 8:8'],
    'through the keys that reach furthest, not the longest': ['$.a.b.x', 'a/b/x 11:5 11:8'],
    'to the longest key when nothing reaches further': ['$.a.b', 'a.b 6:1 7:3'],
    'to the nearest parent': ['$.storage.files.1.contents.inline', 'storage/files/1 5:7 5:7 and no further'],
    'to the root for an unknown key': ['$.nope', ' 1:1 1:1 and no further'],
    'to the list for an index that is none': ['$.storage.files.x', 'storage/files 2:3 3:5 and no further'],
  };
  for (const [title, [path, expected]] of Object.entries(cases)) {
    test(title, () => assert.equal(shown(locateText(ROOT, path)), expected));
  }

  test('to every node of a document, whatever its keys', () => {
    const key = fc.oneof(fc.stringMatching(/^[a-z0-9.]{1,4}$/), fc.constantFrom('a', 'a.a', 'a.a.a', '0', '1'));
    const value = fc.letrec<{ node: unknown }>((tie) => ({
      node: fc.oneof(
        { maxDepth: 3 },
        fc.constant('x'),
        fc.array(tie('node'), { minLength: 1, maxLength: 3 }),
        fc.dictionary(key, tie('node'), { minKeys: 1, maxKeys: 4 }),
      ),
    })).node;
    const document = fc.dictionary(key, value, { minKeys: 1, maxKeys: 4 });
    fc.assert(
      fc.property(document, (plain) => {
        const root = parseLayer(JSON.stringify(plain));
        const visit = (node: Node, path: readonly PathSegment[]) => {
          const text = formatPath(path);
          const location = locateText(root, text);
          assert.ok(location.complete, text);
          assert.equal(formatPath(location.path), text);
          assert.equal(locate(root, path).node, node);
          assert.equal(locate(root, location.path).node, location.node);
          if (node.kind === 'list') for (const [index, item] of node.items.entries()) visit(item, [...path, index]);
          if (node.kind === 'map') for (const [key, entry] of node.entries) visit(entry.value, [...path, key]);
        };
        visit(root, []);
      }),
      { numRuns: 100, examples: [[{ a: { '1': { '.': 'x' }, '1.': ['x'] } }]] },
    );
  });
});

test('an unused key is reported at the key, everything else at the value or its nearest parent', () => {
  const place = (path: string | undefined, message: string) => {
    const { line, column } = reportOrigin(ROOT, path, message);
    return `${line}:${column}`;
  };
  assert.equal(place('$.storage.files.0.mode', 'unused key mode'), '4:7');
  assert.equal(place('$.storage.files.0.mode', 'unreasonable mode'), '4:13');
  assert.equal(place('$.storage.files.1.mode', 'unused key mode'), '5:7');
  assert.equal(place('$.storage.files.1.contents', 'something is missing'), '5:7');
  assert.equal(place(undefined, 'anything'), '1:1');
});

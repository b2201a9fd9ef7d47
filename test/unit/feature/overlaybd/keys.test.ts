import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { OverlaybdBlock } from '../../../../src/feature/overlaybd/block.ts';
import {
  SHIPPED_BACKSTORE,
  SHIPPED_RUNTIME_TYPE,
  SHIPPED_SNAPSHOTTER,
} from '../../../../src/feature/overlaybd/shipped.ts';
import { inOneLine } from '../../site/parsed-site.ts';
import { assembled, withOverlaybd } from '../assembled.ts';

/** A schema as far as these tests read it. */
interface Schema {
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly pattern?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
}

const FILES = {
  snapshotter: '/etc/overlaybd-snapshotter/config.json',
  backstore: '/etc/overlaybd/overlaybd.json',
} as const;
type Section = keyof typeof FILES;

const schemaOf = (section: Section): Schema => JSON.parse(JSON.stringify(OverlaybdBlock.properties[section]));

/** Every key that is no mapping, by its path. */
function leaves(schema: Schema, path: readonly string[] = []): readonly (readonly [readonly string[], Schema])[] {
  if (schema.properties === undefined) return [[path, schema]];
  return Object.entries(schema.properties).flatMap(([key, inner]) => leaves(inner, [...path, key]));
}

/** A value of the right type that nothing else objects to, where the first that comes to mind will not do. */
const GOOD: Readonly<Record<string, unknown>> = {
  'snapshotter.mirrorRegistry': [{ host: 'registry.example.com:5000', insecure: true }],
  'snapshotter.turboFsType': ['ext4'],
  'snapshotter.rootfsQuota': '20g',
  'snapshotter.rwMode': 'overlayfs',
  'snapshotter.runtimeType': 'containerd',
  'snapshotter.exporterConfig.uriPrefix': '/m',
  'backstore.exporterConfig.uriPrefix': '/m',
  'backstore.credentialConfig.mode': 'file',
  'backstore.credentialConfig.path': '/etc/overlaybd/mine.json',
  'backstore.serviceConfig.address': 'http://127.0.0.1:9862',
  'backstore.enableThread': false,
};

function goodValue(name: string, schema: Schema): unknown {
  if (Object.hasOwn(GOOD, name)) return GOOD[name];
  if (schema.enum !== undefined) return schema.enum[0];
  if (schema.type === 'boolean') return true;
  if (schema.type === 'integer') return Math.max(1, schema.minimum ?? 1);
  return '/a/b';
}

/** A block with one value at a path. */
function blockWith(section: Section, path: readonly string[], value: unknown): object {
  const inner = path.reduceRight<unknown>((below, key) => ({ [key]: below }), value);
  return { release: '4799.0.0', [section]: inner };
}

function valueAt(value: unknown, path: readonly string[]): unknown {
  return path.reduce((inner, key) => Object(inner)[key], value);
}

for (const section of ['snapshotter', 'backstore'] as const) {
  suite(`Every key of ${FILES[section]}`, () => {
    const keys = leaves(schemaOf(section));
    test('is known', () => assert.ok(keys.length >= (section === 'snapshotter' ? 17 : 45), String(keys.length)));

    for (const [path, schema] of keys) {
      const name = [section, ...path].join('.');
      test(name, () => {
        const value = goodValue(name, schema);
        const { diagnostics, files } = assembled(withOverlaybd(blockWith(section, path, value)));
        const errors = diagnostics.filter(({ severity }) => severity === 'error');
        assert.deepEqual(errors.map(inOneLine), []);
        const written: unknown = JSON.parse(files.get(FILES[section])?.content ?? '');
        assert.deepEqual(valueAt(written, path), value);

        for (const wrong of wrongValues(schema)) {
          const faults = assembled(withOverlaybd(blockWith(section, path, wrong))).diagnostics;
          assert.ok(faults.length > 0, `${JSON.stringify(wrong)} was taken`);
          assert.equal(faults[0]?.code, 'schema');
          assert.equal(faults[0]?.path?.startsWith(`$.features.overlaybd.${name}`), true, faults[0]?.path);
          assert.ok((faults[0]?.origin?.line ?? 0) >= 6, 'the fault stands at the line of the key');
        }

        const misspelt = [...path.slice(0, -1), `${path.at(-1)}x`];
        const [fault] = assembled(withOverlaybd(blockWith(section, misspelt, value))).diagnostics;
        assert.equal(fault?.message, `unknown key \`${misspelt.at(-1)}\``);
        assert.equal(fault?.hint, `did you mean \`${path.at(-1)}\`?`);
        assert.equal(fault?.origin?.line, 5 + misspelt.length);
      });
    }
  });
}

function wrongValues({ type, minimum, items }: Schema): readonly unknown[] {
  switch (type) {
    case 'integer':
      return ['16', 1.5, minimum === undefined || minimum >= 0 ? -1 : minimum - 1, 1e15, true, [1], { a: 1 }];
    case 'boolean':
      return ['true', 1, []];
    case 'array':
      return ['a', 1, {}, items?.type === 'object' ? [1] : [{}]];
    default:
      return [7, true, [], {}, ''];
  }
}

/** Any block of one section that its schema takes. */
function blocks(schema: Schema, name: string): fc.Arbitrary<Readonly<Record<string, unknown>>> {
  const entries = Object.entries(schema.properties ?? {}).map(([key, inner]) => {
    const path = `${name}.${key}`;
    return [
      key,
      fc.option(inner.properties === undefined ? values(inner, path) : blocks(inner, path), { nil: undefined }),
    ];
  });
  return fc
    .record(Object.fromEntries(entries))
    .map((each) => Object.fromEntries(Object.entries(each).filter(([, value]) => value !== undefined)));
}

function values(schema: Schema, name: string): fc.Arbitrary<unknown> {
  if (Object.hasOwn(GOOD, name)) return fc.constant(GOOD[name]);
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  if (schema.type === 'boolean') return fc.boolean();
  if (schema.type === 'integer')
    return fc.integer({ min: schema.minimum ?? 0, max: Math.min(schema.maximum ?? 9, 2 ** 31) });
  return fc.constantFrom(goodValue(name, schema));
}

test('What is written is what is shipped, overlaid by the block', () => {
  const overlaid = (shipped: object, given: object): object =>
    Object.fromEntries(
      [...new Set([...Object.keys(shipped), ...Object.keys(given)])].map((key) => {
        const [before, after] = [Reflect.get(shipped, key), Reflect.get(given, key)];
        if (after === undefined) return [key, before];
        const both = isMapping(before) && isMapping(after);
        return [key, both ? overlaid(before, after) : after];
      }),
    );
  let compared = 0;
  fc.assert(
    fc.property(
      blocks(schemaOf('snapshotter'), 'snapshotter'),
      blocks(schemaOf('backstore'), 'backstore'),
      (snapshotter, backstore) => {
        const { diagnostics, files } = assembled(withOverlaybd({ release: '4799.0.0', snapshotter, backstore }));
        // What the rules refuse is tested one by one.
        if (diagnostics.some(({ severity }) => severity === 'error')) return;
        compared += 1;
        const own = { exporterConfig: { uriPrefix: '/metrics', port: 9864 } };
        const exports = Object(snapshotter.exporterConfig).enable === true;
        const expected = {
          snapshotter: overlaid(
            overlaid({ ...SHIPPED_SNAPSHOTTER, ...SHIPPED_RUNTIME_TYPE }, exports ? own : {}),
            snapshotter,
          ),
          backstore: overlaid(
            overlaid(
              SHIPPED_BACKSTORE,
              backstore.credentialConfig === undefined && backstore.credentialFilePath === undefined
                ? { credentialConfig: { path: '/etc/overlaybd/cred.json' } }
                : {},
            ),
            backstore,
          ),
        };
        for (const section of ['snapshotter', 'backstore'] as const) {
          assert.deepEqual(JSON.parse(files.get(FILES[section])?.content ?? ''), expected[section]);
        }
      },
    ),
    { numRuns: 400 },
  );
  assert.ok(compared > 200, `only ${compared} blocks were fine`);
});

function isMapping(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

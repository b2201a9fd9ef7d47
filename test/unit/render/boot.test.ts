import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { retryOf } from '../../../src/boot/retry.ts';
import { ProvisioningError } from '../../../src/errors.ts';
import { checkSite, isBootKey } from '../../../src/render/check.ts';
import type { Renderer } from '../../../src/render/renderer.ts';
import { createRenderer } from '../../../src/render/renderer.ts';
import type { Served } from '../../../src/render/served.ts';
import { createCaches, createTranslator } from '../../../src/render/translate.ts';
import { readIpxe, variablesOf } from '../../support/boot-loaders.ts';
import { anyText } from '../any-text.ts';
import type { Documents } from '../site/parsed-site.ts';
import { inOneLine, machineOf, revisionOf } from '../site/parsed-site.ts';
import { standInButane, translated } from './stand-in-butane.ts';

const variable = (name: string) => `$\{${name}}`;

function rendererFor(serviceUrl: string | undefined = 'http://boot.example:8080'): Renderer {
  const butane = standInButane(() => translated({ ignition: { version: '3.4.0' } }));
  return createRenderer({
    translator: createTranslator(butane, createCaches(1e6)),
    ...(serviceUrl === undefined ? {} : { serviceUrl }),
    now: () => 0,
  });
}

/** A site with one profile, `web`, whose boot is written here as JSON or YAML. */
function siteWith(boot: string | object, more: Documents = {}): Documents {
  const written = typeof boot === 'string' ? boot : JSON.stringify(boot);
  const properties = '{ name: { type: string }, extra: { type: array } }';
  return {
    'profiles/web.yaml': `butane: { variant: fcos, version: 1.5.0 }\nparameters: { type: object, properties: ${properties} }\nboot: ${written}\n`,
    ...more,
  };
}

const RENDERER = rendererFor();

/** Sites that were parsed before. */
const SERVED = new WeakMap<Documents, Served>();

/** The iPXE script for a machine, or what is said instead of it. */
function scriptOf(
  documents: Documents,
  labels: Readonly<Record<string, string>> = {},
  profileId: string | undefined = 'web',
) {
  const known = SERVED.get(documents) ?? { revision: revisionOf(documents), filesDir: '/files' };
  SERVED.set(documents, known);
  const machine = machineOf(labels);
  try {
    const boot = RENDERER.boot(known, profileId === undefined ? { machine } : { machine, profileId });
    return boot.write('ipxe', retryOf({ target: 'ipxe', machine }, 30));
  } catch (error) {
    assert.ok(error instanceof ProvisioningError, String(error));
    return [error.code, ...error.diagnostics.map(inOneLine)].join('\n');
  }
}

/** The words after `kernel /k`. */
function argsOf(documents: Documents, labels?: Readonly<Record<string, string>>): readonly string[] | string {
  const script = scriptOf(documents, labels);
  return script.startsWith('#!ipxe')
    ? (readIpxe(script)
        .find(([word]) => word === 'kernel')
        ?.slice(2) ?? [])
    : script;
}

describe('a boot', () => {
  test('is filled in as fragments are: parameters, machine, labels, profile, group and service', () => {
    const args = ['{{ parameters.name }}', 'm={{ machine.mac }}', 'r={{ labels.rack }}', 'p={{ profile.id }}'];
    const documents = siteWith(
      { kernel: '/k', ignition: 'none', args: [...args, 'g={{ group.id }}', 's={{ service.url }}'] },
      { 'groups/a.yaml': 'profile: web\nmatch: { rack: r7 }\nparameters: { name: n1 }' },
    );
    assert.deepEqual(argsOf(documents, { rack: 'r7', mac: '525400a19cae' }), [
      'n1',
      'm=52:54:00:a1:9c:ae',
      'r=r7',
      'p=web',
      'g=a',
      's=http://boot.example:8080',
    ]);
  });

  test('has an argument for each item of a list, and none for what a condition leaves out', () => {
    const documents = siteWith(
      {
        kernel: '/k',
        ignition: 'none',
        args: [
          '{{ parameters.extra }}',
          '{% if labels.debug %}debug{% endif %}',
          '{% if labels.quiet %}quiet{% endif %}',
        ],
      },
      { 'groups/a.yaml': 'profile: web\nmatch: {}\nparameters: { extra: [a=1, 2, true] }' },
    );
    assert.deepEqual(argsOf(documents, { quiet: 'yes' }), ['a=1', '2', 'true', 'quiet']);
  });

  test('gives Ignition the URL of the profile, with all that the machine asked with but its address', () => {
    const labels = {
      uuid: '4c4c4544003510d1805 4b4c04f4d3132'.replace(' ', ''),
      mac: '525400a19cae',
      os: 'installed',
      ip: '192.0.2.1',
    };
    assert.deepEqual(argsOf(siteWith({ kernel: '/k' }), { ...labels, odd: `a&b ${variable('x')}'` }), [
      'ignition.firstboot',
      'ignition.platform.id=metal',
      'ignition.config.url=http://boot.example:8080/ignition/web?uuid=4c4c4544-0035-10d1-8054-b4c04f4d3132&mac=52-54-00-a1-9c-ae&odd=a%26b%20%24%7Bx%7D%27&os=installed',
    ]);
  });

  test('takes the way to Ignition from the variant of the layers, or is told which', () => {
    const flatcar = {
      'profiles/web.yaml': 'layers: [fragments/a.bu]\nboot: { kernel: /k }',
      'fragments/a.bu': 'variant: flatcar\nversion: 1.1.0\n',
    };
    assert.match(String(argsOf(flatcar)), /^flatcar\.first_boot=1,/);
    const untold = {
      'profiles/web.yaml': 'layers: [fragments/a.bu]\nboot: { kernel: /k }',
      'fragments/a.bu': 'passwd: {}\n',
    };
    assert.match(
      String(argsOf(untold)),
      /^boot-broken\nprofiles\/web\.yaml:2:1 error boot \$\.boot: the layers do not say/,
    );
  });

  test("is the author's own script as well, in which only values are watched", () => {
    const documents = siteWith({ ipxe: `echo {{ labels.rack }} ${variable('uuid')}\nshell\n` });
    assert.equal(scriptOf(documents, { rack: 'r7' }), `#!ipxe\necho r7 ${variable('uuid')}\nshell\n`);
    assert.equal(
      scriptOf(documents, { rack: variable('uuid') }),
      'boot-broken\nprofiles/web.yaml:3:15 error boot $.boot.ipxe: the script has a value that could make or change a variable of iPXE',
    );
  });

  test('that a profile does not have is told from one that is broken', () => {
    assert.equal(scriptOf({ 'profiles/web.bu': 'variant: fcos\nversion: 1.5.0\n' }), 'boot-missing');
    assert.equal(scriptOf(siteWith({ kernel: '/k' }), {}, 'nowhere'), 'profile-not-found');
  });
});

describe('a fault of a boot', () => {
  for (const [title, boot, expected] of [
    ['no kernel', '{ args: [a] }', 'boot $.boot: `boot` names no kernel'],
    [
      'a kernel beside a script',
      '{ kernel: /k, ipxe: shell }',
      'boot $.boot.kernel: `kernel` has no effect beside `ipxe`',
    ],
    [
      'a name that templates do not have',
      '{ kernel: "/{{ nothing }}" }',
      'template-value $.boot.kernel: `nothing` is not defined',
    ],
    ['a parameter that is not declared', '{ kernel: "/{{ parameters.x }}" }', 'the parameter `x` is not declared'],
    ['a template that does not parse', '{ kernel: "/{{ a" }', 'template-syntax $.boot.kernel'],
    ['a tag that writes by itself', '{ kernel: "/{% echo labels.x %}" }', 'the tag `echo` cannot stand here'],
    [
      'a label that the machine has not',
      '{ kernel: "/{{ labels.x }}" }',
      'parameter-missing $.boot.kernel: `labels.x` is not defined',
    ],
    ['a list as a kernel', '{ kernel: "{{ parameters.extra }}" }', 'a list cannot stand here'],
    ['two arguments in one', '{ kernel: /k, args: ["a b"] }', 'boot $.boot.args.0: the argument 1 has a blank'],
  ] as const) {
    test(`is at its line: ${title}`, () => {
      const said = scriptOf(
        siteWith(boot, { 'groups/a.yaml': 'profile: web\nmatch: {}\nparameters: { extra: [a, b] }' }),
      );
      assert.ok(said.includes('profiles/web.yaml:3:'), said);
      assert.ok(said.includes(expected), said);
    });
  }

  test('keeps nobody from the config', async () => {
    const served = { revision: revisionOf(siteWith('{ args: [a] }')), filesDir: '/files' };
    const rendered = await rendererFor().render(served, { machine: machineOf(), profileId: 'web' });
    assert.equal(rendered.specVersion, '3.4.0');
  });
});

describe('the check of a site', () => {
  const check = async (documents: Documents) => {
    const served = { revision: revisionOf(documents), filesDir: '/files' };
    const { reports, outcomes } = await checkSite(served, rendererFor());
    const boots = [...outcomes].filter(([key]) => isBootKey(key));
    const shown = reports.map(
      ({ profile, group, diagnostic }) => `${profile}/${group ?? '-'} ${inOneLine(diagnostic)}`,
    );
    return { shown, boots: boots.map(([key, sha512]) => `${key}: ${sha512 === undefined ? 'none' : 'script'}`) };
  };

  test('writes the boot of each machine of each group', async () => {
    const documents = siteWith(
      { kernel: '/k', args: ['{{ parameters.name }}'] },
      {
        'groups/a.yaml': 'profile: web\nmatch: { rack: a }\nparameters: { name: fine }',
        'groups/b.yaml': 'profile: web\nmatch: { rack: b }\nparameters: { name: "two words" }',
      },
    );
    const { shown, boots } = await check(documents);
    assert.deepEqual(shown, [
      'web/b profiles/web.yaml:3:30 error boot $.boot.args.0: the argument 1 has a value with a blank, which cannot be quoted here',
    ]);
    assert.deepEqual(boots, ['web/a//boot: script', 'web/b//boot: none']);
  });

  test('takes what only a boot loader knows for no fault', async () => {
    const documents = siteWith({ kernel: '/k', args: ['u={{ machine.uuid }}', 'd={{ labels.domain }}'] });
    const { shown, boots } = await check({
      ...documents,
      'groups/a.yaml': 'profile: web\nmatch: { mac: 525400a19cae }',
    });
    assert.deepEqual(shown, []);
    assert.deepEqual(boots, []);
  });

  test('remarks what GRUB alone cannot take', async () => {
    const { shown, boots } = await check(siteWith({ kernel: '/k', args: [`u=${variable('uuid')}`] }));
    assert.deepEqual(
      shown.map((text) => text.split(': ')[0]),
      ['web/- profiles/web.yaml:3:30 info boot $.boot.args.0'],
    );
    assert.deepEqual(boots, ['web///boot: script']);
  });

  test('looks for the profile that unknown machines are promised', async () => {
    const web = siteWith({ kernel: '/k' }, { 'profiles/bare.bu': 'variant: fcos\nversion: 1.5.0\n' });
    const settings = (profile: string) => ({ ...web, 'site.yaml': `boot: { unknown: { profile: ${profile} } }` });
    assert.deepEqual((await check(settings('web'))).shown, []);
    assert.match(
      String((await check(settings('nowhere'))).shown),
      /site\.yaml:1:29 error reference .*no profile nowhere/,
    );
    assert.match(String((await check(settings('bare'))).shown), /site\.yaml:1:29 error boot .*has no `boot`/);
  });
});

test('No label makes more of a script than a word', () => {
  const documents = siteWith({
    kernel: '/k/{{ labels.a }}',
    args: [
      'a={{ labels.a }}',
      `u=${variable('uuid')}-{{ labels.a | append: labels.a }}`,
      '{% capture x %}{{ labels.a }}{% endcapture %}x={{ x }}',
    ],
  });
  const tame = readIpxe(scriptOf(documents, { a: 'v' }));
  const said = fc.oneof(
    anyText(20),
    fc.string({ unit: fc.constantFrom('$', '{', '}', '|', '&', ';', '#', '\\', '"', ' ', 'a', '%'), maxLength: 8 }),
  );
  let scripts = 0;
  fc.assert(
    fc.property(said, (label) => {
      let script: string;
      try {
        script = scriptOf(documents, { a: label });
      } catch (error) {
        assert.ok(error instanceof ProvisioningError && error.code === 'label-invalid');
        return;
      }
      if (!script.startsWith('#!ipxe')) {
        assert.match(script, /^(?:boot-broken|parameter-missing)\n/);
        return;
      }
      scripts += 1;
      assert.deepEqual(
        readIpxe(script).map((words) => words.length),
        tame.map((words) => words.length),
      );
      assert.deepEqual(variablesOf(script), [variable('uuid')]);
    }),
    { numRuns: 2000 },
  );
  assert.ok(scripts > 100, `${scripts} scripts`);
});

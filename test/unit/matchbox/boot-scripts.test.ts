import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { CHAIN_SCRIPT, checkBoot, grubScript, ipxeScript } from '../../../src/matchbox/boot-scripts.ts';
import type { MatchboxBoot } from '../../../src/site/revision.ts';
import { parsedProfile } from '../site/matchbox/matchbox-site.ts';

const BOOT: MatchboxBoot = {
  kernel: '/image/kernel',
  initrd: ['/image/initrd_a', '/image/initrd_b'],
  args: ['a=b', 'c'],
};

const faultsOf = (boot: MatchboxBoot) => {
  const profile = parsedProfile(JSON.stringify({ id: 'p', boot })).value;
  assert.ok(profile);
  return checkBoot(profile).map(({ path, message, origin }) => `${origin?.file} ${path}: ${message}`);
};

test('the script that iPXE loads first has 132 bytes', () => assert.equal(Buffer.byteLength(CHAIN_SCRIPT), 132));

describe('scripts for iPXE, to the byte:', () => {
  const cases: readonly (readonly [title: string, boot: MatchboxBoot, script: string])[] = [
    [
      'all there is',
      BOOT,
      '#!ipxe\nkernel /image/kernel a=b c\ninitrd /image/initrd_a\ninitrd /image/initrd_b\nboot\n',
    ],
    ['an empty boot', { kernel: '', initrd: [], args: [] }, '#!ipxe\nkernel \nboot\n'],
    [
      "iPXE's own variables and flags",
      {
        kernel: 'k',
        initrd: ['--name main /assets/x.img'],
        args: [`u=http://m/ignition?uuid=\${uuid}&mac=\${mac:hexhyp}`],
      },
      `#!ipxe\nkernel k u=http://m/ignition?uuid=\${uuid}&mac=\${mac:hexhyp}\ninitrd --name main /assets/x.img\nboot\n`,
    ],
  ];
  for (const [title, boot, script] of cases) test(title, () => assert.equal(ipxeScript(boot), script));
});

test('the menu for GRUB has two spaces before the initrds, and one where there are none', () => {
  const initrds = (boot: MatchboxBoot) =>
    grubScript(boot)
      .split('\n')
      .filter((line) => line.startsWith('initrd'));
  assert.deepEqual(initrds({ ...BOOT, initrd: ['a'] }), ['initrdefi  "a"', 'initrd  "a"']);
  assert.deepEqual(initrds({ ...BOOT, initrd: [] }), ['initrdefi ', 'initrd ']);
});

test('a text that would begin another line is a fault that names its key', () => {
  for (const end of ['\n', '\r', '\r\n', '\u2028', '\u2029', '\u0085', '\0', '\u001b']) {
    const text = `a${end}shell`;
    assert.deepEqual(faultsOf({ kernel: text, initrd: ['b', text], args: ['c', 'd', text] }), [
      ...['kernel', 'initrd.1', 'args.2'].map(
        (key) => `profiles/p.json $.boot.${key}: a control character would end the line of the boot script`,
      ),
    ]);
  }
});

test('Whatever the texts, either they are refused or each stands on its own line, whole', () => {
  const text = fc.oneof(
    fc.string(),
    fc.string({ unit: 'binary', maxLength: 3 }),
    fc.string({
      unit: fc.constantFrom('a', ' ', '"', "'", '\\', '$', '{', '}', '\n', '#', ';', '|', '\u2028'),
    }),
  );
  const boot = fc.record({
    kernel: text,
    initrd: fc.array(text, { maxLength: 4 }),
    args: fc.array(text, { maxLength: 4 }),
  });
  let scripts = 0;
  const property = fc.property(boot, (drawn) => {
    const profile = parsedProfile(JSON.stringify({ id: 'p', boot: drawn })).value;
    assert.ok(profile?.boot);
    if (checkBoot(profile).length > 0) return;
    scripts += 1;
    const { kernel, initrd, args } = profile.boot;
    const lines = ipxeScript(profile.boot).split(/[\n\r\v\f\u0085\u2028\u2029]/);
    assert.deepEqual(lines, [
      '#!ipxe',
      ['kernel', kernel, ...args].join(' '),
      ...initrd.map((each) => `initrd ${each}`),
      'boot',
      '',
    ]);
    assert.equal(grubScript(profile.boot).split(/[\n\r\v\f\u0085\u2028\u2029]/).length, 16);
  });
  fc.assert(property, { numRuns: 3000, seed: 1 });
  assert.ok(scripts > 200, 'too few of them are scripts');
});

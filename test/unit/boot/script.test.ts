import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { BootPlan, BootText } from '../../../src/boot/plan.ts';
import { authored, BOOT_TARGETS } from '../../../src/boot/plan.ts';
import type { ScriptContext } from '../../../src/boot/script.ts';
import { writeBootScript } from '../../../src/boot/script.ts';
import type { Piece } from '../../../src/fragment/pieces.ts';
import { readGrub, readIpxe, variablesOf } from '../../support/boot-loaders.ts';
import { anyText } from '../any-text.ts';

const origin = { file: 'profiles/web.yaml', line: 1, column: 1 };

const CONTEXT: ScriptContext = {
  mode: 'flatcar',
  ignitionUrl: 'http://boot.example:8080/ignition/web?mac=52-54-00-a1-9c-ae',
  serviceUrl: 'http://boot.example:8080',
  profile: 'web',
  retry: { seconds: 30, reference: 'ipxe?mac=52-54-00-a1-9c-ae', file: '(http,boot.example:8080)/grub?mac=a' },
};

const ARGS = '$.boot.args.0';

function text(pieces: readonly Piece[] | string, path = ARGS): BootText {
  return { pieces: typeof pieces === 'string' ? authored(pieces) : pieces, origin, path };
}

function kernelWith(args: readonly (readonly Piece[] | string)[], initrds: readonly string[] = ['/i']): BootPlan {
  return {
    kind: 'kernel',
    kernel: text('/k', '$.boot.kernel'),
    initrds: initrds.map((each) => text(each, '$.boot.initrd.0')),
    args: args.map((each) => text(each)),
  };
}

/** The kernel's words for arguments, or the message that refuses them. */
function argumentsFor(plan: BootPlan, target: 'ipxe' | 'grub' = 'ipxe', context: Partial<ScriptContext> = {}) {
  const written = writeBootScript(plan, target, { ...CONTEXT, mode: 'none', ...context });
  if (written.value === undefined) return written.diagnostics.map(({ message }) => message).join('; ');
  const commands = target === 'ipxe' ? readIpxe(written.value) : readGrub(written.value);
  const kernel = commands.find((words) => words.includes(target === 'ipxe' ? 'kernel' : 'linux')) ?? [];
  return kernel.slice(target === 'ipxe' ? 2 : 3, target === 'ipxe' ? undefined : -2);
}

const value = (said: string): Piece => ({ text: said, by: 'value' });
const own = (said: string): Piece => ({ text: said, by: 'author' });

/** What iPXE would take for one of its variables. */
const variable = (name: string) => `$\{${name}}`;

describe('the script for a kernel', () => {
  test('names the kernel, its arguments and its initrds, and asks again when one of them does not load', () => {
    const script = writeBootScript(kernelWith(['console=ttyS0', 'quiet']), 'ipxe', CONTEXT).value;
    assert.equal(
      script,
      `#!ipxe
echo pilotlight: booting the profile web
kernel /k initrd=i console=ttyS0 quiet flatcar.first_boot=1 ignition.config.url=http://boot.example:8080/ignition/web?mac=52-54-00-a1-9c-ae || goto failed
initrd /i || goto failed
boot || goto failed
:failed
echo pilotlight: the kernel or an initrd of the profile web does not load.
imgfree || echo
:again
echo pilotlight: Asking again in 30 seconds. Ctrl-C ends this.
sleep 30 || exit
chain --replace ipxe?mac=52-54-00-a1-9c-ae || goto again
`,
    );
  });

  test('says the same to GRUB, which takes files from servers in its own way', () => {
    const script = writeBootScript(kernelWith(['quiet']), 'grub', CONTEXT).value ?? '';
    assert.match(script, /linux '\(http,boot\.example:8080\)\/k' 'quiet' 'flatcar\.first_boot=1' 'ignition\./);
    assert.match(script, /initrd '\(http,boot\.example:8080\)\/i';/);
    assert.match(script, /source '\(http,boot\.example:8080\)\/grub\?mac=a'/);
  });

  test('has the arguments of each kind of Ignition', () => {
    const url = CONTEXT.ignitionUrl;
    for (const [mode, args] of [
      ['flatcar', ['flatcar.first_boot=1', `ignition.config.url=${url}`]],
      ['coreos', ['ignition.firstboot', 'ignition.platform.id=metal', `ignition.config.url=${url}`]],
      ['coreos-live', [`coreos.inst.ignition_url=${url}`]],
      ['none', []],
    ] as const) {
      assert.deepEqual(argumentsFor(kernelWith(['quiet'], []), 'ipxe', { mode }), ['quiet', ...args], mode);
    }
  });

  test('leaves out each of them that its author wrote', () => {
    const args = ['ignition.config.url=http://x/', 'initrd=main'];
    const context = { mode: 'coreos' } as const;
    const found = argumentsFor(kernelWith(args), 'ipxe', context);
    assert.deepEqual(found, [...args, 'ignition.firstboot', 'ignition.platform.id=metal']);
  });

  test('keeps the flags of an initrd for iPXE alone, and names it by them', () => {
    const plan = kernelWith([], ['--name main /assets/initrd.img']);
    assert.deepEqual(argumentsFor(plan), ['initrd=main']);
    assert.match(writeBootScript(plan, 'ipxe', CONTEXT).value ?? '', /^initrd --name main \/assets\/initrd\.img \|\|/m);
    assert.match(writeBootScript(plan, 'grub', CONTEXT).value ?? '', /initrd '[^' ]*\/assets\/initrd\.img';/);
  });

  test('has no flag that iPXE does not know, and nothing behind the file', () => {
    for (const initrd of ['--autofree /i', '/i /etc/x', '--name /i', '--name']) {
      assert.match(String(argumentsFor(kernelWith([], [initrd]))), /has a blank|starts with -/, initrd);
    }
  });

  test("has the author's variables of iPXE, which GRUB has not", () => {
    const plan = kernelWith([`id=${variable('uuid')}`], []);
    assert.deepEqual(argumentsFor(plan), [`id=${variable('uuid')}`]);
    assert.match(String(argumentsFor(plan, 'grub')), /variable of iPXE, which GRUB does not know \(for GRUB\)/);
  });

  test("has blanks where the author put the kernel's quotes around them, which GRUB puts itself", () => {
    const plan = kernelWith(['dyndbg="file x +p"'], []);
    assert.deepEqual(argumentsFor(plan), ['dyndbg="file', 'x', '+p"']);
    assert.deepEqual(argumentsFor(plan, 'grub'), ['dyndbg=file x +p']);
  });

  test('is refused for each argument that would become something else', () => {
    for (const [arg, reason] of [
      ['a b', /blank outside of double quotes/],
      ['a="b', /never closed/],
      ['a="b  c"', /two blanks/],
      ['a="b || c"', /ends a command/],
      ['#a', /comment/],
      ['a\\', /joins lines/],
      ['a\nb', /line break/],
      ['hälloo', /not ASCII/],
      [`a=$\{uuid`, /does not close/],
    ] as const) {
      assert.match(String(argumentsFor(kernelWith([arg], []))), reason, arg);
    }
    assert.match(String(argumentsFor(kernelWith(["a='b'"], []), 'grub')), /quote or a backslash/);
    assert.deepEqual(argumentsFor(kernelWith(["a='b'"], [])), ["a='b'"]);
  });

  test('is refused when the URL of the config or the command line is too long, or nobody knows the URL', () => {
    const context = { mode: 'flatcar' } as const;
    const url = (length: number) => `http://x/${'a'.repeat(length - 9)}`;
    assert.ok(Array.isArray(argumentsFor(kernelWith([], []), 'ipxe', { ...context, ignitionUrl: url(512) })));
    assert.match(
      String(argumentsFor(kernelWith([], []), 'ipxe', { ...context, ignitionUrl: url(513) })),
      /has 513 characters, and 512 is the limit/,
    );
    assert.ok(Array.isArray(argumentsFor(kernelWith(['a'.repeat(2047)], []))));
    assert.match(String(argumentsFor(kernelWith(['a'.repeat(2048)], []))), /has 2048 bytes, and a kernel takes 2047/);
    assert.match(
      String(argumentsFor(kernelWith([], []), 'ipxe', { ...context, ignitionUrl: undefined })),
      /URL of the Ignition config is not known/,
    );
  });
});

describe('a value in a script', () => {
  const hostile = [
    'a b',
    'a\nshell',
    'a\rshell',
    'a\tb',
    '"',
    "'",
    '\\',
    '`',
    'a\u0085b',
    'a\u2028b',
    'ä',
    variable('uuid'),
    `x$\{`,
    '\ufdd0',
  ];
  for (const said of hostile) {
    test(`is refused: ${JSON.stringify(said)}`, () => {
      for (const pieces of [[value(said)], [own('x='), value(said)], [value(said), own('x')]]) {
        for (const target of BOOT_TARGETS) {
          if (target === 'grub' && /^[\x21-\x7e]*$/.test(said) && !/["'`\\]/.test(said) && !said.includes('${'))
            continue;
          assert.equal(typeof argumentsFor(kernelWith([pieces], []), target), 'string', target);
        }
      }
    });
  }

  test('is refused where it completes a variable that the author began, or the other way round', () => {
    for (const pieces of [
      [own('a=$'), value('{uuid}')],
      [value('$'), own('{uuid}')],
      [own(`a=$\{net`), value('0'), own('/mac}')],
      [own('$'), own(variable('x')), value('{uuid}')],
      [own('|'), value('|')],
      [value('|'), own('|')],
      [own('&'), value('&')],
      [value(';')],
      [value('#x')],
    ]) {
      assert.equal(typeof argumentsFor(kernelWith([pieces], [])), 'string', JSON.stringify(pieces));
    }
  });

  test('stands as it is where it means nothing but itself', () => {
    for (const said of ['node-1.example.com', '$6$x', '}', '{a}', 'a;b', 'a|b', 'a&b', '(x)', '*', '<>', '!', '#!ipxe'])
      for (const target of BOOT_TARGETS)
        assert.deepEqual(argumentsFor(kernelWith([[own('x='), value(said)]], []), target), [`x=${said}`], said);
  });

  test('never adds a line, a command, an argument or a variable, whatever it is', () => {
    const said = fc.oneof(
      anyText(12),
      fc.string({
        unit: fc.constantFrom('$', '{', '}', '|', '&', ';', '#', '\\', '"', "'", ' ', '\n', ':', 'a'),
        maxLength: 6,
      }),
    );
    const around = fc.constantFrom('', 'x=', `a=${variable('uuid')}`, '$', '{', `$\{`, '}', '|', '"', '"a ');
    fc.assert(
      fc.property(said, around, around, fc.constantFrom(...BOOT_TARGETS), (hostile, before, after, target) => {
        const pieces = (inner: string) => [own(before), value(inner), own(after)];
        const read = (inner: string) => {
          const script = writeBootScript(kernelWith(['first', pieces(inner), 'last']), target, CONTEXT).value;
          if (script === undefined) return undefined;
          const commands = target === 'ipxe' ? readIpxe(script) : readGrub(script);
          return { script, commands, lines: script.split('\n').length };
        };
        const found = read(hostile);
        const tame = read('v');
        if (found === undefined || hostile === '') return;
        assert.ok(tame !== undefined, 'a text that is refused for every value');
        assert.equal(found.lines, tame.lines);
        assert.deepEqual(
          found.commands.map((words) => words.length),
          tame.commands.map((words) => words.length),
        );
        assert.deepEqual(variablesOf(found.script), variablesOf(tame.script));
        // GRUB is given an argument without the kernel's quotes.
        const plain = (text: string) => (target === 'grub' ? text.replaceAll('"', '') : text);
        const texts = [`${before}v${after}`, `${before}${hostile}${after}`].map(plain);
        const replaced = (words: readonly string[]) => words.join(' ').replace(texts[0] ?? '', () => texts[1] ?? '');
        assert.deepEqual(
          found.commands.map((words) => words.join(' ')),
          tame.commands.map(replaced),
        );
      }),
      { numRuns: 3000 },
    );
  });
});

describe("an author's own script", () => {
  const script = (pieces: readonly Piece[]): BootPlan => ({ kind: 'script', script: text(pieces, '$.boot.ipxe') });
  const write = (pieces: readonly Piece[]) => writeBootScript(script(pieces), 'ipxe', CONTEXT);

  test('is served as it is written, with the first line that iPXE knows it by', () => {
    assert.equal(
      write([own(`echo ${variable('mac')} \\\n  && shell\n`)]).value,
      `#!ipxe\necho ${variable('mac')} \\\n  && shell\n`,
    );
    assert.equal(write([own('#!ipxe\nshell')]).value, '#!ipxe\nshell\n');
  });

  test('takes values as words or parts of words', () => {
    assert.equal(write([own('echo a'), value('b'), own('c\n')]).value, '#!ipxe\necho abc\n');
  });

  test('takes no value as an operator, a comment, a label or a command', () => {
    for (const pieces of [
      [own('echo '), value('||'), own(' shell')],
      [own('echo |'), value('|'), own(' shell')],
      [own('echo '), value('#'), own('x')],
      [own('echo\n'), value('shell')],
      [own('  '), value('shell')],
      [value(':label')],
      [own('echo '), value('a\nshell')],
      [own('echo '), value('a b')],
    ]) {
      assert.equal(write(pieces).value, undefined, JSON.stringify(pieces));
    }
  });

  test('is nothing for GRUB', () => {
    assert.match(
      writeBootScript(script([own('shell')]), 'grub', CONTEXT).diagnostics[0]?.message ?? '',
      /GRUB cannot read/,
    );
  });
});

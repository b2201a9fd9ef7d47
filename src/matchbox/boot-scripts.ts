import type { Diagnostic } from '../diagnostic.ts';
import { ProvisioningError } from '../errors.ts';
import type { MatchboxBoot, MatchboxProfile } from '../site/revision.ts';

/** What iPXE loads first: it comes back with all that it knows of the machine. */
export const CHAIN_SCRIPT = `#!ipxe
chain ipxe?uuid=\${uuid}&mac=\${mac:hexhyp}&domain=\${domain}&hostname=\${hostname}&serial=\${serial}&arch=\${buildarch:uristring}
`;

/** matchbox's script for iPXE, to the byte: nothing in it is quoted, and a \`${uuid}\` is iPXE's to fill in. */
export function ipxeScript({ kernel, initrd, args }: MatchboxBoot): string {
  const lines = ['#!ipxe', ['kernel', kernel, ...args].join(' '), ...initrd.map((each) => `initrd ${each}`), 'boot'];
  return `${lines.join('\n')}\n`;
}

/** matchbox's menu for GRUB, to the byte. */
export function grubScript({ kernel, initrd, args }: MatchboxBoot): string {
  const entry = (name: string, linux: string, load: string) => [
    `menuentry "CoreOS (${name})" {`,
    'echo "Loading kernel"',
    [linux, `"${kernel}"`, ...args].join(' '),
    'echo "Loading initrd"',
    // The second space is matchbox's.
    [`${load} `, ...initrd.map((each) => `"${each}"`)].join(' '),
    '}',
  ];
  const lines = [
    'default=0',
    'fallback=1',
    'timeout=1',
    ...entry('EFI', 'linuxefi', 'initrdefi'),
    ...entry('BIOS', 'linux', 'initrd'),
  ];
  return `${lines.join('\n')}\n`;
}

/** The boot of a profile. Throws `document-not-found` where it has none, and `profile-broken` where it is no script. */
export function bootOf(profile: MatchboxProfile): MatchboxBoot {
  const { id, boot } = profile;
  if (boot === undefined) throw new ProvisioningError('document-not-found', `the profile ${id} has no boot`);
  const diagnostics = checkBoot(profile);
  if (diagnostics.length === 0) return boot;
  throw new ProvisioningError('profile-broken', `the boot of the profile ${id} is no script`, { diagnostics });
}

/** What keeps the scripts of a profile from being what their author meant: text that begins another line. */
export function checkBoot({ boot, file }: MatchboxProfile): readonly Diagnostic[] {
  if (boot === undefined) return [];
  const texts = [
    ['kernel', boot.kernel] as const,
    ...boot.initrd.map((text, index) => [`initrd.${index}`, text] as const),
    ...boot.args.map((text, index) => [`args.${index}`, text] as const),
  ];
  return texts
    .filter(([, text]) => /[\p{Cc}\u2028\u2029]/u.test(text))
    .map(([key]) => ({
      severity: 'error',
      code: 'schema',
      message: 'a control character would end the line of the boot script',
      path: `$.boot.${key}`,
      origin: { file, line: 1, column: 1 },
      hint: 'write it on one line',
    }));
}

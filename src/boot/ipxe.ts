import type { BootParts, Notice, Retry, ScriptWriter } from './retry.ts';
import { printable } from './retry.ts';

/** The settings of iPXE that are handed on, by the label that each becomes. */
const HANDED_ON = {
  uuid: 'uuid',
  mac: 'mac:hexhyp',
  domain: 'domain:uristring',
  hostname: 'hostname:uristring',
  serial: 'serial:uristring',
  arch: 'buildarch:uristring',
};

/**
 * What every machine asks for first: it hands on what iPXE knows about the machine, and goes on asking until it is
 * answered. The URL is relative, so the script works under any name of the service; `:uristring` keeps a value one value.
 */
export function chainScript(seconds: number): string {
  const labels = Object.entries(HANDED_ON).map(([label, setting]) => `${label}=\${${setting}}`);
  return script([
    ':ask',
    `chain --replace ipxe?${labels.join('&')} || goto wait`,
    ':wait',
    `echo pilotlight gives no answer. Asking again in ${seconds} seconds. Ctrl-C ends this.`,
    `sleep ${seconds} || exit`,
    'goto ask',
  ]);
}

/** Scripts for iPXE. Its commands have no quotes; their words are made so that they need none. */
export const IPXE: ScriptWriter = {
  boot({ profile, kernel, initrds, args, retry }: BootParts): string {
    return script([
      `echo pilotlight: booting the profile ${printable(profile)}`,
      `${['kernel', kernel, ...args].join(' ')} || goto failed`,
      ...initrds.map(({ flags, file }) => `${['initrd', ...flags, file].join(' ')} || goto failed`),
      'boot || goto failed',
      ':failed',
      `echo pilotlight: the kernel or an initrd of the profile ${printable(profile)} does not load.`,
      'imgfree || echo',
      ...askAgain(retry),
    ]);
  },
  notice({ lines, exits, retry }: Notice): string {
    const said = lines.map((line) => `echo pilotlight: ${printable(line)}`);
    if (!exits) return script([...said, ...askAgain(retry)]);
    return script([
      ...said,
      'echo pilotlight: Going on to the next boot device.',
      `sleep ${EXIT_SECONDS} || exit`,
      'exit',
    ]);
  },
};

/** What is said before a machine goes on to its next boot device stays for so long. */
const EXIT_SECONDS = 5;

function askAgain({ seconds, reference }: Retry): readonly string[] {
  return [
    ':again',
    `echo pilotlight: Asking again in ${seconds} seconds. Ctrl-C ends this.`,
    `sleep ${seconds} || exit`,
    `chain --replace ${reference} || goto again`,
  ];
}

function script(lines: readonly string[]): string {
  return `${['#!ipxe', ...lines].join('\n')}\n`;
}

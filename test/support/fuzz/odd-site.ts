import { cp, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { addToSite, EXAMPLE_SITE } from '../site.ts';

const FCOS = 'variant: fcos\nversion: 1.5.0\n';

/** Profiles and groups that fail, grow or differ in every way a site may without being refused as a whole. */
const ODD: Readonly<Record<string, string>> = {
  'profiles/odd-broken.bu': `${FCOS}storage: { files: [{ path: relative, nonsense: 1 }] }\n`,
  'profiles/odd-unreadable.bu': 'variant: fcos\n\tversion: [\n',
  'profiles/odd-typed.ign': '{"ignition": {"version": "3.4.0"}, "storage": {"files": {"path": "/a"}}}\n',
  'profiles/odd-deep.bu': `${FCOS}storage: ${'['.repeat(90)}${']'.repeat(90)}\n`,
  'profiles/odd-large.bu': `${FCOS}storage: { files: [{ path: /large, contents: { inline: "${'x'.repeat(300_000)}" } }] }\n`,
  'profiles/odd-embedded.bu': `${FCOS}ignition: { config: { merge: [{ inline: '{"ignition": {"version": "3.1.0"}}' }] } }\n`,
  'profiles/odd-echo.yaml': `layers: [fragments/odd-echo.bu.liquid]\n`,
  'fragments/odd-echo.bu.liquid': `${FCOS}storage: { files: [{ path: /say, contents: { inline: "{{ labels.say }} {{ machine.mac }}" } }] }\n`,
  'profiles/odd-needy.yaml': `title: "<b>\u{1f525}</b> \\"{{ x }}\\""
butane: { variant: fcos, version: 1.5.0, storage: { files: [{ path: "{{ parameters.path }}" }] } }
parameters: { type: object, required: [path], properties: { path: { type: string } } }
`,
  'profiles/odd-boot.yaml': `butane: { variant: fcos, version: 1.5.0 }
boot:
  kernel: "/assets/{{ machine.arch | default: 'amd64' }}/vmlinuz"
  initrd: ["--name main /assets/{{ labels.say | default: 'it' }}"]
  args: ["say={{ labels.say }}", "m={{ machine.mac }}{{ machine.serial }}"]
`,
  'profiles/odd-own.yaml': `butane: { variant: fcos, version: 1.5.0 }
boot: { ignition: none, ipxe: "echo {{ labels.say }}{{ machine.hostname }} $\{uuid} || shell" }
`,
  'groups/odd-boot.yaml': 'profile: odd-boot\nmatch: { mode: boot }\npriority: 5\n',
  'groups/odd-own.yaml': 'profile: odd-own\nmatch: { mode: own }\npriority: 5\n',
  'groups/odd-needy.yaml': 'profile: odd-needy\nmatch: { mode: needy }\n',
  'groups/odd-broken.yaml': 'profile: odd-broken\nmatch: { mode: broken }\n',
  'groups/odd-large.yaml': 'profile: odd-large\nmatch: { mode: large }\n',
  'groups/odd-twin-a.yaml': 'profile: fcos\nmatch: { role: twins }\n',
  'groups/odd-twin-b.yaml': 'profile: overlaybd\nmatch: { say: hello }\n',
};

/** The example site with odd profiles beside its own, in a directory that the caller removes. */
export async function writeOddSite(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'pilotlight-fuzz-'));
  await cp(EXAMPLE_SITE, directory, { recursive: true });
  await addToSite(directory, ODD);
  return directory;
}

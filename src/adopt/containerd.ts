import type { Diagnostic, Origin } from '../diagnostic.ts';
import type { Keys } from '../feature/keys.ts';
import { CONTAINERD_CONFIG, CONTAINERD_DROPIN } from '../feature/overlaybd/containerd.ts';
import { locate } from '../fragment/locate.ts';
import type { MapNode, Node } from '../fragment/node.ts';
import { child, listNode, textNode, withChild, withoutChild } from '../fragment/node.ts';
import { parseToml } from '../fragment/parse-toml.ts';
import { configsOf, readToml, type Wish, wishOf } from './containerd-config.ts';
import { configFaults } from './containerd-faults.ts';
import type { DropinItem, FileItem, Original, UnitItem } from './original.ts';
import type { Recognition } from './recognition.ts';
import { recognised } from './recognition.ts';
import { bakeryVersion, surroundingsOf } from './surroundings.ts';
import type { Setting } from './unit-text.ts';
import { parseUnit, splitCommand, withoutSettings } from './unit-text.ts';

const UNIT = 'containerd.service';
const PROGRAM = '/usr/bin/containerd';
const REST_DROPIN = '80-containerd.conf';
const NVIDIA_DROPIN = '10-nvidia.conf';

/** A drop-in that says which config containerd reads. */
interface Pointer {
  readonly dropin: DropinItem;
  readonly settings: readonly Setting[];
  /** The settings that say it, a reset of the command among them. */
  readonly saying: readonly Setting[];
  /** The config that it names; absent for a command that cannot be one of ours. */
  readonly path?: string;
  /** Flags of the command beside that. */
  readonly flags: readonly string[];
  readonly resets: boolean;
}

/** How containerd is set up for overlaybd: its config, the drop-in that makes it read it, and what they build on. */
export function recogniseContainerd(original: Original): Recognition {
  const unit = original.units.find(({ name }) => name === UNIT);
  const pointers = (unit?.dropins ?? []).map(readPointer).filter((pointer) => pointer !== undefined);
  const pointer = [...pointers].sort((a, b) => (a.dropin.name < b.dropin.name ? -1 : 1)).at(-1);
  const file = original.files.get(pointer?.path ?? CONTAINERD_CONFIG);
  const around = surroundingsOf(original);
  const base = baseOf(original, file, around.bakery);
  const version = bakeryVersion(original);
  const left = { block: { containerd: { mode: 'none' } } };
  if (file === undefined) return recognised(left);
  if (file.content === undefined) {
    const message = 'the config of containerd stands elsewhere, and is left as it is';
    const hint = 'check that it has the proxy plugin overlaybd';
    return recognised({ ...left, diagnostics: [original.report('info', file.origin, message, hint)] });
  }
  const { content } = file;
  const parsed = parseToml(content.text, '');
  const config = readToml(content.text);
  if (parsed.value === undefined || config === undefined) {
    const at = parsed.diagnostics[0]?.origin;
    const origin = at === undefined ? file.origin : content.in(at.line, at.column);
    const message = 'this is no TOML, so that containerd does not start';
    const hint = 'the config is left as it is: mend it, and adopt the file again';
    return recognised({ ...left, diagnostics: [original.report('warning', origin, message, hint)] });
  }
  const wish = wishOf(configsOf(config, around));
  if (wish === undefined) return recognised(left);
  const root = parsed.value;
  const at = (path: readonly string[]): Origin => {
    const { keyOrigin } = locate(root, path);
    return content.in(keyOrigin.line, keyOrigin.column);
  };
  if (pointers.some(({ path }) => path === undefined)) {
    const message = `another program than ${PROGRAM} reads the config, so that both are left as they are`;
    const origin = pointer?.dropin.content?.in(pointer.saying[0]?.line ?? 1, 1) ?? file.origin;
    return recognised({
      ...left,
      found: true,
      diagnostics: [original.report('info', origin, message, 'the block has mode none')],
    });
  }
  const choice = choose(wish, base, version);
  if (choice === undefined) {
    const message =
      'which containerd the bakery extension holds is not seen here, and no config for one runtime is right for all';
    const hint = 'the config is left as it is; or write mode cri-runtime with the `version`';
    return recognised({ ...left, found: true, diagnostics: [original.report('warning', file.origin, message, hint)] });
  }
  const unsaid =
    wish.mode === 'cri-runtime' && wish.architecture === undefined
      ? [
          original.report(
            'info',
            file.origin,
            'for which architecture the runtime pulls is not said',
            'the block says amd64',
          ),
        ]
      : [];
  const stray = file.path === CONTAINERD_CONFIG ? undefined : original.files.get(CONTAINERD_CONFIG);
  const faults = configFaults(config, around).map((fault) =>
    original.report(fault.severity, at(fault.path), fault.message, fault.hint),
  );
  return recognised({
    found: true,
    block: Object.keys(choice).length === 0 ? {} : { containerd: choice },
    taken: [file.node, ...(stray === undefined ? [] : [stray.node])],
    moved: [[CONTAINERD_CONFIG, file.path]],
    replaced: unit === undefined ? [] : [[unit.node, withoutPointers(unit, pointers)]],
    diagnostics: [
      ...unsaid,
      ...faults,
      ...strayFaults(original, stray),
      ...pointerFaults(original, file, pointers, base),
    ],
  });
}

/** The keys of the block that are not what it means without them. */
function choose(wish: Wish, base: string, version: string | undefined): Keys | undefined {
  if (wish.mode === 'cri-runtime' && base === 'bakery' && version === undefined) return undefined;
  return {
    ...(wish.mode === 'proxy' ? {} : { mode: wish.mode }),
    ...(base === 'flatcar' ? {} : { base }),
    ...(wish.runtimeName === undefined || wish.runtimeName === 'overlaybd' ? {} : { runtimeName: wish.runtimeName }),
    ...(wish.mode === 'cri-runtime' ? { architecture: wish.architecture ?? 'amd64' } : {}),
    ...(base === 'bakery' && version !== undefined ? { version } : {}),
  };
}

function readPointer(dropin: DropinItem): Pointer | undefined {
  const settings = parseUnit(dropin.content?.text ?? '');
  const commands = settings.filter(({ section, key }) => section === 'Service' && key === 'ExecStart');
  const variables = settings.filter(
    ({ section, key, value }) => section === 'Service' && key === 'Environment' && /CONTAINERD_CONFIG=/.test(value),
  );
  const saying = [...commands, ...variables];
  if (saying.length === 0) return undefined;
  const variable = /CONTAINERD_CONFIG=["']?([^\s"']+)/.exec(variables.at(-1)?.value ?? '')?.[1];
  const command = commands.filter(({ value }) => value !== '').at(-1);
  const common = { dropin, settings, saying, resets: command === undefined || commands[0]?.value === '' };
  if (command === undefined) return { ...common, flags: [], ...(variable === undefined ? {} : { path: variable }) };
  const [program, ...words] = splitCommand(command.value) ?? [];
  const joined = words.flatMap((word) => {
    const pair = /^(--config|-c)=(.*)$/.exec(word);
    return pair === null ? [word] : [pair[1] ?? '', pair[2] ?? ''];
  });
  const index = joined.findIndex((word) => word === '--config' || word === '-c');
  const named = index === -1 ? undefined : joined[index + 1];
  const path = /^\$\{?CONTAINERD_CONFIG\}?$/.test(named ?? '') ? variable : named;
  const flags = index === -1 ? joined : joined.filter((_, at) => at !== index && at !== index + 1);
  const ours = program === PROGRAM || program === 'containerd';
  return { ...common, flags, ...(ours && path !== undefined ? { path } : {}) };
}

/** The unit without what the block says in its own drop-in. */
function withoutPointers(unit: UnitItem, pointers: readonly Pointer[]): MapNode {
  const dropins = child(unit.node, 'dropins');
  if (dropins?.kind !== 'list') return unit.node;
  const items = dropins.items.flatMap((item): readonly Node[] => {
    const pointer = pointers.find(({ dropin }) => dropin.node === item);
    if (pointer === undefined || item.kind !== 'map') return [item];
    const rest = withoutSettings(pointer.dropin.content?.text ?? '', pointer.saying);
    const origin = child(item, 'contents')?.origin ?? item.origin;
    if (rest === undefined) return [];
    const kept = withChild(item, 'contents', textNode(rest, origin));
    // Under the name of the block's drop-in it would take its place.
    return [pointer.dropin.name === CONTAINERD_DROPIN ? withChild(kept, 'name', textNode(REST_DROPIN, origin)) : kept];
  });
  return items.length === 0
    ? withoutChild(unit.node, 'dropins')
    : withChild(unit.node, 'dropins', listNode(items, dropins.origin));
}

/** A config at the path of the block's that the command does not name. */
function strayFaults(original: Original, stray: FileItem | undefined): readonly Diagnostic[] {
  if (stray === undefined) return [];
  const message = 'nothing reads this config, since containerd is told another one';
  return [original.report('info', stray.origin, message, 'the config of the block takes its place')];
}

function pointerFaults(
  original: Original,
  file: FileItem,
  pointers: readonly Pointer[],
  base: string,
): readonly Diagnostic[] {
  if (pointers.length === 0) {
    const unit = original.units.find(({ name }) => name === UNIT);
    // A whole unit of its own may name it as well.
    if (unit?.content?.text.includes(file.path) === true) return [];
    const message =
      'nothing makes containerd read this config: without a drop-in it reads /usr/share/containerd/config.toml';
    return [original.report('warning', file.origin, message, 'the block brings the drop-in')];
  }
  return pointers.flatMap((pointer) => {
    const { dropin, saying, resets, flags } = pointer;
    const line = saying.find(({ value }) => value !== '')?.line ?? 1;
    const origin = dropin.content?.in(line, 1) ?? dropin.node.origin;
    const faults: Diagnostic[] = [];
    if (!resets) {
      const message = 'without an empty `ExecStart=` before it this is a second command, and systemd refuses the unit';
      faults.push(original.report('warning', origin, message, 'the drop-in of the block resets it'));
    }
    if (base === 'nvidia' && dropin.name < NVIDIA_DROPIN) {
      const message = `this drop-in sorts before the ${NVIDIA_DROPIN} of nvidia-runtime, which has the last word: this config is not read`;
      faults.push(
        original.report('warning', origin, message, 'the drop-in of the block comes later, and builds on its config'),
      );
    }
    if (flags.length > 0) {
      const named = flags.filter((flag) => flag.startsWith('-')).map((flag) => flag.replace(/=.*/, ''));
      const message = `the command has more than --config: ${named.join(', ') || 'words'}`;
      faults.push(
        original.report('warning', origin, message, 'the command of the block does not have it; set it in the config'),
      );
    }
    return faults;
  });
}

/** Whose config the machine's builds on. */
function baseOf(original: Original, file: FileItem | undefined, masked: boolean): 'flatcar' | 'nvidia' | 'bakery' {
  const names = [...original.files.keys(), ...original.links.map(({ path }) => path)];
  const nvidia =
    names.includes('/etc/extensions/nvidia-runtime.raw') ||
    file?.content?.text.includes('/etc/containerd/config-nvidia.toml') === true;
  return nvidia ? 'nvidia' : masked ? 'bakery' : 'flatcar';
}

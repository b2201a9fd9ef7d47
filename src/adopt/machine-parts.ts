import type { Diagnostic, Origin } from '../diagnostic.ts';
import { isCertificates } from '../feature/overlaybd/authorities.ts';
import { DISK_MOUNT } from '../feature/overlaybd/disk.ts';
import { EXTENSION } from '../feature/overlaybd/overlaybd.ts';
import type { MapNode } from '../fragment/node.ts';
import { child, childItems, childText, listNode, withChild, withoutChild } from '../fragment/node.ts';
import { blockFaults } from '../site/features.ts';
import { readJson } from './json-text.ts';
import type { Original, UnitItem } from './original.ts';
import { isTrue } from './original.ts';
import type { Recognition } from './recognition.ts';
import { recognised, valueAt } from './recognition.ts';
import { parseUnit, splitCommand } from './unit-text.ts';

/** The services of the extension. */
const SERVICES = new Set(['overlaybd-tcmu.service', 'overlaybd-snapshotter.service']);
const TARGET = 'multi-user.target';

/** How the services of the extension are started: what the block does by an Upholds drop-in of its own. */
export function recogniseStart(original: Original): Recognition {
  const diagnostics: Diagnostic[] = [];
  const replaced: (readonly [MapNode, MapNode])[] = [];
  let found = false;
  for (const unit of original.units) {
    if (unit.name === TARGET) {
      const idle = unit.dropins.filter(({ content }) => content !== undefined && onlyStarts(content.text));
      if (idle.length === 0) continue;
      found = true;
      replaced.push([
        unit.node,
        withoutDropins(
          unit,
          idle.map(({ node }) => node),
        ),
      ]);
    } else if (SERVICES.has(unit.name) && unit.content === undefined) {
      found = true;
      if (!unit.enabled) continue;
      const message = `\`enabled\` is a preset, and presets are applied before the extension that holds ${unit.name} is there`;
      const origin = child(unit.node, 'enabled')?.origin ?? unit.origin;
      diagnostics.push(original.report('warning', origin, message, 'the block starts it with the target'));
      replaced.push([unit.node, withoutChild(unit.node, 'enabled')]);
    }
  }
  const wants = original.links.filter(({ path }) => {
    const match = /^\/etc\/systemd\/system\/multi-user\.target\.(?:wants|upholds)\/(.+)$/.exec(path);
    return SERVICES.has(match?.[1] ?? '');
  });
  return recognised({ found: found || wants.length > 0, taken: wants.map(({ node }) => node), replaced, diagnostics });
}

function onlyStarts(text: string): boolean {
  const settings = parseUnit(text);
  return (
    settings.length > 0 &&
    settings.every(
      ({ section, key, value }) =>
        section === 'Unit' &&
        (key === 'Upholds' || key === 'Wants') &&
        value.split(/\s+/).every((service) => SERVICES.has(service)),
    )
  );
}

function withoutDropins(unit: UnitItem, gone: readonly MapNode[]): MapNode {
  const dropins = child(unit.node, 'dropins');
  const items = childItems(unit.node, 'dropins').filter((item) => !gone.some((each) => each === item));
  if (dropins === undefined || items.length === 0) return withoutChild(unit.node, 'dropins');
  return withChild(unit.node, 'dropins', listNode(items, dropins.origin));
}

/** The modules that the block loads. */
const MODULES = new Set(['target_core_user', 'tcm_loop']);

/** Files that load the kernel modules of overlaybd, and those that repeat what the extension's own tmpfiles do. */
export function recogniseModules(original: Original): Recognition {
  const taken = [...original.files.values()].filter(({ path, content }) => {
    const lines = (content?.text ?? '').split('\n').map((line) => line.replace(/[#;].*/, '').trim());
    const named = lines.filter((line) => line !== '');
    if (content === undefined || named.length === 0) return false;
    if (/^\/etc\/modules-load\.d\/[^/]+\.conf$/.test(path)) return named.every((name) => MODULES.has(name));
    return /^\/etc\/tmpfiles\.d\/[^/]+\.conf$/.test(path) && named.every((line) => OWN_TMPFILES.test(line));
  });
  return recognised({ found: taken.length > 0, taken: taken.map(({ node }) => node) });
}

/** Copies and links from the image of the extension to where its programs look. */
const OWN_TMPFILES =
  /^(?:C|L)\+?\s+\/(?:etc\/overlaybd(?:-snapshotter)?|opt\/overlaybd)\/\S+\s.*\s\/usr\/local\/overlaybd\/\S+$/;

/** docker with the store of containerd and the snapshotter overlaybd. */
export function recogniseDocker(original: Original): Recognition & { readonly docker: boolean } {
  const file = original.files.get('/etc/docker/daemon.json');
  const none = { ...recognised({}), docker: false };
  if (file?.content === undefined) return none;
  const json = readJson(file.content, file.path, original);
  const { value } = json;
  if (value === undefined || value['storage-driver'] !== 'overlaybd') return none;
  const store = valueAt(value, 'features', 'containerd-snapshotter') === true;
  const diagnostics = [...json.diagnostics];
  if (!store) {
    const message =
      'without `features.containerd-snapshotter` docker knows no storage driver overlaybd, and does not start';
    diagnostics.push(original.report('warning', json.at(['storage-driver']), message, 'the block says it'));
  }
  const { features, 'storage-driver': _, ...others } = value;
  const alone =
    Object.keys(others).length === 0 && Object.keys(Object(features)).every((key) => key === 'containerd-snapshotter');
  if (!alone) {
    const message = 'this file has other keys as well, and is left as it is';
    diagnostics.push(original.report('info', file.origin, message, 'it replaces that of the block'));
  }
  return { ...recognised({ found: true, taken: alone ? [file.node] : [], diagnostics }), docker: true };
}

/** Certificates of private authorities, with the unit that makes the system trust them. */
export function recogniseAuthorities(original: Original): Recognition {
  const units = original.units.filter((unit) => unit.enabled && unit.dropins.length === 0 && updatesAuthorities(unit));
  const certificates = [...original.files.values()].filter(
    ({ path, content }) =>
      /^\/etc\/ssl\/certs\/[^/]+\.pem$/.test(path) &&
      content !== undefined &&
      isCertificates(content.text) &&
      !isNamed(original, path),
  );
  if (units.length === 0 || certificates.length === 0) return recognised({});
  const unread = [...original.files.keys()].filter(
    (path) => /^\/etc\/ssl\/certs\//.test(path) && !certificates.some((each) => each.path === path),
  );
  return recognised({
    block: { authorities: certificates.map(({ content }) => `${(content?.text ?? '').trim()}\n`) },
    taken: [
      ...certificates.map(({ node }) => node),
      // Somebody else's certificates still need it.
      ...(unread.length === 0 ? units.map(({ node }) => node) : []),
    ],
  });
}

function updatesAuthorities({ content }: UnitItem): boolean {
  const commands = parseUnit(content?.text ?? '').filter(({ key }) => key.startsWith('Exec'));
  const [only] = commands;
  if (only === undefined || commands.length > 1 || only.key !== 'ExecStart') return false;
  const [program = '', ...words] = splitCommand(only.value) ?? [];
  return /(?:^|\/)update-ca-certificates$/.test(program) && words.every((word) => word === '--fresh');
}

/** A file that another text names has to stay where it is. */
function isNamed(original: Original, path: string): boolean {
  const texts = [
    ...[...original.files.values()].map(({ content }) => content?.text),
    ...original.units.flatMap(({ content, dropins }) => [content?.text, ...dropins.map((each) => each.content?.text)]),
  ];
  return texts.some((text) => text?.includes(path) === true);
}

/** A disk for what containerd keeps, where the block can say all that is said of it. */
export function recogniseDisk(original: Original, withQuota: boolean): Recognition {
  const node = original.filesystems.find((each) => childText(each, 'path') === DISK_MOUNT);
  if (node === undefined || !isTrue(child(node, 'with_mount_unit'))) return recognised({});
  const options = childItems(node, 'mount_options').map((option) => (option.kind === 'scalar' ? option.text : ''));
  const known = ['device', 'path', 'format', 'wipe_filesystem', 'label', 'with_mount_unit', 'mount_options'];
  const format = childText(node, 'format');
  const label = childText(node, 'label');
  const disk = {
    device: childText(node, 'device') ?? '',
    ...(format === undefined || format === 'ext4' ? {} : { format }),
    ...(isTrue(child(node, 'wipe_filesystem')) ? { wipe: true } : {}),
    ...(label === undefined ? {} : { label }),
  };
  const wanted = withQuota ? 'prjquota' : '';
  const sayable =
    [...node.entries.keys()].every((key) => known.includes(key)) &&
    options.join(' ') === wanted &&
    format !== undefined &&
    blockFaults(EXTENSION, { disk }).length === 0;
  return sayable ? recognised({ block: { disk }, taken: [node] }) : recognised({});
}

/** The release, as far as the document tells it: in the name of an image, or by the channel that updates come from. */
export function releaseOf(original: Original): { readonly name: string; readonly origin: Origin } | undefined {
  for (const file of original.files.values()) {
    const version = /^\/etc\/flatcar\/sysext\/flatcar-[a-z0-9-]+?-(\d+\.\d+\.\d+)\.raw$/.exec(file.path)?.[1];
    if (version !== undefined) return { name: version, origin: file.origin };
  }
  const update = original.files.get('/etc/flatcar/update.conf');
  const match = /^GROUP=["']?(lts)\b/m.exec(update?.content?.text ?? '');
  return match === null || update === undefined
    ? undefined
    : { name: 'lts', origin: update.content?.at(match.index) ?? update.origin };
}

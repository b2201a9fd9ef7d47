import type { Diagnostic } from '../diagnostic.ts';
import type { Keys } from '../feature/keys.ts';
import { overlay } from '../feature/keys.ts';
import { DEFAULT_EXPORTER_PORT, SHIPPED_BACKSTORE, SHIPPED_SNAPSHOTTER } from '../feature/overlaybd/shipped.ts';
import { effectiveBackstore, effectiveSnapshotter, whatCounts } from './effective.ts';
import { readJson } from './json-text.ts';
import { BACKSTORE_FILE, SNAPSHOTTER_FILE } from './meaning.ts';
import type { Original } from './original.ts';
import type { Recognition } from './recognition.ts';
import { keysAt, recognised, valueAt, whatDiffers } from './recognition.ts';
import type { Settings, SettingsFile } from './settings.ts';
import { readSettings } from './settings.ts';

/** What one of the two JSON files comes to. */
export interface SettingsRecognition extends Recognition {
  /** What its program takes for each key; what is shipped where the document has no such file. */
  readonly effective: Keys;
  /** The file stands elsewhere, and is left as it is. */
  readonly kept: boolean;
}

/**
 * `overlaybd.json`: what differs from what is shipped. A key that a file leaves out takes the default of the program's code
 * and not what is shipped, so that such a default is written where the two are not the same.
 */
export function recogniseBackstore(original: Original): SettingsRecognition {
  const shipped = effectiveBackstore(SHIPPED_BACKSTORE);
  const read = readFile(original, 'backstore', BACKSTORE_FILE);
  if (read.settings === undefined) return { ...read.recognition, effective: shipped, kept: read.kept };
  let effective = effectiveBackstore(read.settings.value);
  const diagnostics = [...read.recognition.diagnostics];
  if (effective.enableThread === true && valueAt(effective, 'cacheConfig', 'cacheType') === 'file') {
    const message = 'a thread for each device does not go with a cache in files: the program ends when it starts';
    diagnostics.push(original.report('warning', read.at(['enableThread']), message, 'it is left out'));
    effective = overlay(effective, { enableThread: false });
  }
  return {
    ...read.recognition,
    block: blockOf('backstore', whatDiffers(whatCounts(effective), shipped)),
    diagnostics,
    effective,
    kept: false,
  };
}

/** `config.json` of the snapshotter, in the same way. */
export function recogniseSnapshotter(original: Original, backstore: Keys): SettingsRecognition {
  const shipped = effectiveSnapshotter(SHIPPED_SNAPSHOTTER);
  const read = readFile(original, 'snapshotter', SNAPSHOTTER_FILE);
  if (read.settings === undefined) return { ...read.recognition, effective: shipped, kept: read.kept };
  const diagnostics = [...read.recognition.diagnostics];
  for (const key of ['root', 'address']) {
    if (read.settings.value[key] !== undefined) continue;
    const message = `without \`${key}\` the snapshotter ends when it starts, since it has no default for it`;
    diagnostics.push(original.report('warning', read.at([]), message, 'the block takes the one that is shipped'));
  }
  let effective = effectiveSnapshotter(read.settings.value);
  const exporter = keysAt(effective, 'exporterConfig');
  if (exporter.enable === true) {
    let { port } = exporter;
    const other = keysAt(backstore, 'exporterConfig');
    if (other.enable === true && other.port === port) {
      const message = 'both programs would serve metrics on one port: one of them ends, the other serves none';
      port = DEFAULT_EXPORTER_PORT + 1 === port ? DEFAULT_EXPORTER_PORT + 2 : DEFAULT_EXPORTER_PORT + 1;
      diagnostics.push(
        original.report(
          'warning',
          read.at(['exporterConfig', 'port']),
          message,
          `the snapshotter takes port ${port} in the block`,
        ),
      );
    }
    // The port of the block is another one unless it is given.
    effective = overlay(effective, { exporterConfig: { port } });
  }
  const mirrors = effective.mirrorRegistry;
  if (Array.isArray(mirrors) && mirrors.some((each) => valueAt(each, 'insecure') !== true)) {
    const message = 'an entry without `insecure: true` does nothing: it is no mirror';
    diagnostics.push(original.report('warning', read.at(['mirrorRegistry']), message, 'the block leaves it out'));
    effective = { ...effective, mirrorRegistry: mirrors.filter((each) => valueAt(each, 'insecure') === true) };
  }
  const differing = whatDiffers(whatCounts(effective), shipped);
  const port =
    exporter.enable === true ? { exporterConfig: { port: valueAt(effective, 'exporterConfig', 'port') } } : {};
  return {
    ...read.recognition,
    block: blockOf('snapshotter', overlay(differing, port)),
    diagnostics,
    effective,
    kept: false,
  };
}

function blockOf(kind: SettingsFile, keys: Keys): Keys {
  return Object.keys(keys).length === 0 ? {} : { [kind]: keys };
}

interface ReadFile {
  readonly recognition: Recognition;
  readonly settings?: Settings;
  readonly kept: boolean;
  at(path: readonly (string | number)[]): NonNullable<Diagnostic['origin']>;
}

function readFile(original: Original, kind: SettingsFile, path: string): ReadFile {
  const file = original.files.get(path);
  const at = () => file?.origin ?? original.document.origin;
  if (file === undefined) return { recognition: recognised({}), kept: false, at };
  if (file.content === undefined) {
    const message = `${path} stands elsewhere, so that it is left as it is`;
    const hint = 'it replaces what the block writes there';
    const diagnostics = [original.report('info', file.origin, message, hint)];
    return { recognition: recognised({ found: true, diagnostics }), kept: true, at };
  }
  const json = readJson(file.content, path, original);
  if (json.value === undefined) {
    const recognition = recognised({ found: true, taken: [file.node], diagnostics: json.diagnostics });
    return { recognition, kept: false, at };
  }
  const settings = readSettings(json, kind, original);
  const diagnostics = [...json.diagnostics, ...settings.diagnostics];
  return {
    recognition: recognised({ found: true, taken: [file.node], diagnostics }),
    settings,
    kept: false,
    at: json.at,
  };
}

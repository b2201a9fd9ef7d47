import { findNodeAtLocation, parseTree } from 'jsonc-parser';

/** A config with another `ignition.version`, and otherwise the same to the byte; undefined when it has none. */
export function withVersion(config: string, version: string): string | undefined {
  const root = parseTree(config);
  const node = root && findNodeAtLocation(root, ['ignition', 'version']);
  if (node === undefined) return undefined;
  return config.slice(0, node.offset) + JSON.stringify(version) + config.slice(node.offset + node.length);
}

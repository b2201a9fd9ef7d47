import type { TestContext } from 'node:test';
import { embeddedContent } from '../../src/ignition/embedded-content.ts';
import type { JsonObject, JsonValue } from '../../src/ignition/json.ts';
import { isObject } from '../../src/ignition/json.ts';
import { parseMachine } from '../../src/machine/machine.ts';
import { openWorkshop } from '../../src/service/workshop-process.ts';
import { itemsAt } from './applied-root.ts';
import type { Tree, TreeEntry } from './machine-tree.ts';
import { requireProgram } from './programs.ts';
import { writeSite } from './site.ts';

/**
 * What a composed profile puts on the disk of a machine, by the real butane, as Ignition would write it. Undefined when the
 * test is skipped because there is no butane.
 */
export async function renderedTree(t: TestContext, profile: string): Promise<Tree | undefined> {
  const butane = requireProgram(t, 'butane');
  if (butane === undefined) return undefined;
  const site = await writeSite(t, { 'profiles/machine.yaml': profile });
  const workshop = await openWorkshop({ site, butane, publicUrl: 'http://127.0.0.1:8080' });
  try {
    const machine = parseMachine({}, { from: 'query' });
    const { body } = await workshop.renderer.render(workshop.served, { machine, profileId: 'machine' });
    return treeOf(JSON.parse(body.toString('utf8')));
  } finally {
    await workshop.close();
  }
}

function treeOf(config: JsonValue): Tree {
  const files = itemsAt(config, 'storage', 'files').map((file): readonly [string, TreeEntry] => [
    String(file.path),
    { text: textOf(file.contents), mode: typeof file.mode === 'number' ? file.mode : 0o644 },
  ]);
  const links = itemsAt(config, 'storage', 'links').map((link): readonly [string, TreeEntry] => [
    String(link.path),
    { link: String(link.target) },
  ]);
  const units = itemsAt(config, 'systemd', 'units').flatMap((unit): readonly (readonly [string, TreeEntry])[] => {
    const path = `/etc/systemd/system/${unit.name}`;
    const dropins = itemsAt(unit, 'dropins').map(
      (dropin: JsonObject) => [`${path}.d/${dropin.name}`, String(dropin.contents)] as const,
    );
    return typeof unit.contents === 'string' ? [[path, unit.contents], ...dropins] : dropins;
  });
  return Object.fromEntries([...files, ...links, ...units]);
}

function textOf(contents: JsonValue | undefined): string {
  return (isObject(contents) ? embeddedContent(contents) : undefined)?.toString('utf8') ?? '';
}

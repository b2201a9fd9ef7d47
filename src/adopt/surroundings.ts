import { EXTENSION_LIST } from '../feature/shared/extension-list.ts';
import type { Surroundings } from './containerd-config.ts';
import { readExtensionList } from './extensions.ts';
import type { Original } from './original.ts';

/** What a document tells of the files that a config of containerd may import. */
export function surroundingsOf(original: Original): Surroundings {
  const listed = readExtensionList(original.files.get(EXTENSION_LIST)?.content?.text ?? '');
  const bakery =
    listed.some(({ name, off }) => off && name === 'containerd-flatcar') ||
    original.links.some(
      ({ path, target }) => path === '/etc/extensions/containerd-flatcar.raw' && target === '/dev/null',
    );
  const known = bakeryVersion(original);
  return {
    read: (path) => original.files.get(path)?.content?.text,
    bakery,
    mayBeOld: bakery && (known === undefined || known.startsWith('1.')),
  };
}

/** The version of the bakery's containerd, as far as the name of its image tells. */
export function bakeryVersion(original: Original): string | undefined {
  const names = [...original.files.keys(), ...original.links.flatMap(({ path, target }) => [path, target])];
  return names
    .map((name) => /\/(?:docker_)?containerd-v?(\d+\.\d+(?:\.\d+)?)-[^/]*\.raw$/.exec(name)?.[1])
    .find((each) => each !== undefined);
}

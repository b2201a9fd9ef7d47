import type { Diagnostic } from '../../diagnostic.ts';
import type { FeatureContext, Part } from '../feature.ts';
import { linkPart } from '../parts.ts';
import type { Sysext } from './block.ts';

/** Where systemd looks for the image of an extension, before it looks at that of the same name in the system's image. */
export function imageLink(name: string): string {
  return `/etc/extensions/${name}.raw`;
}

/** Links that hide extensions of the system's image. */
export function renderDisabled({ disable = [] }: Sysext, context: FeatureContext): readonly Part[] {
  return disable.map((name, index) => linkPart(context.at('disable', index), imageLink(name), '/dev/null'));
}

/** What is doubtful about leaving these out. */
export function checkDisabled({ disable = [], bakery = [] }: Sysext, context: FeatureContext): readonly Diagnostic[] {
  const repeated = disable.flatMap((name, index) =>
    disable.indexOf(name) < index
      ? [context.report('error', ['disable', index], 'this extension is disabled already', 'remove one of the two')]
      : [],
  );
  const containerd = disable.indexOf('containerd-flatcar');
  const replaced = bakery.some(({ name }) => name === 'containerd' || name === 'docker');
  if (containerd < 0 || disable.includes('docker-flatcar') || replaced) return repeated;
  const message = 'docker is left on, and does not start without containerd';
  const hint = 'disable docker-flatcar as well, or name a containerd under `bakery`';
  return [...repeated, context.report('warning', ['disable', containerd], message, hint)];
}

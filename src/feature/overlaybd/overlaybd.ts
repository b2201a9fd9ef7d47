import type { Diagnostic } from '../../diagnostic.ts';
import type { FeatureContext, FeatureDefinition, Part } from '../feature.ts';
import { defineFeature } from '../feature.ts';
import { describeRelease, mayBeBefore } from '../flatcar-release.ts';
import { toJson } from '../keys.ts';
import { filePart, unitPart } from '../parts.ts';
import type { Version } from '../releases.ts';
import { renderAuthorities } from './authorities.ts';
import { checkBackstore, composeBackstore } from './backstore.ts';
import { OverlaybdBlock } from './block.ts';
import { checkContainerd, renderContainerd } from './containerd.ts';
import { renderCredentials } from './credentials.ts';
import { renderDisk } from './disk.ts';
import { renderPrepulls } from './prepull.ts';
import { reviewOverlaybd } from './review.ts';
import { checkSnapshotter, composeSnapshotter } from './snapshotter.ts';

/** The name of the extension in the list of enabled ones. */
export const EXTENSION = 'overlaybd';

const definition: FeatureDefinition<typeof OverlaybdBlock> = {
  name: 'overlaybd',
  summary: "Container images that start before they are fetched, by Flatcar's overlaybd extension",
  schema: OverlaybdBlock,
  expand(block, context) {
    const credentials = renderCredentials(block, context);
    const prepulls = renderPrepulls(block, credentials.logins, context);
    const authorities = renderAuthorities(block, context);
    const backstore = composeBackstore(block, credentials);
    const snapshotter = composeSnapshotter(block, prepulls.httpRegistries, context);
    return {
      fragment: [
        filePart(context.at('backstore'), '/etc/overlaybd/overlaybd.json', toJson(backstore)),
        filePart(context.at('snapshotter'), '/etc/overlaybd-snapshotter/config.json', toJson(snapshotter)),
        ...credentials.fragment,
        ...renderContainerd(block, snapshotter, context),
        ...renderDisk(block, context),
        ...authorities.fragment,
        ...renderStart(context),
        ...prepulls.fragment,
      ],
      contributions: [
        { kind: 'extension', name: EXTENSION, origin: context.at() },
        ...MODULES.map((name) => ({ kind: 'kernel-module', name, origin: context.at() }) as const),
        ...(block.snapshotter?.runtimeType === 'docker' ? [dockerConfig(context)] : []),
      ],
      diagnostics: [
        ...checkRelease(context),
        ...checkContainerd(block, context),
        ...checkBackstore(block, backstore, context),
        ...checkSnapshotter(block, { backstore, snapshotter }, context),
        ...credentials.diagnostics,
        ...authorities.diagnostics,
        ...prepulls.diagnostics,
      ],
    };
  },
  review: reviewOverlaybd,
};

/** OverlayBD image streaming. */
export const overlaybd = defineFeature(definition);

/** What the daemons ask for themselves; loaded early, they need not wait for it. */
const MODULES = ['target_core_user', 'tcm_loop'];

/** The first release whose extension starts its services by itself. */
const FIRST_THAT_STARTS: Version = [4515, 0, 0];

/** Starts the services of an extension that is merged after systemd has read what to start. */
function renderStart(context: FeatureContext): readonly Part[] {
  if (!mayBeBefore(context.release, FIRST_THAT_STARTS)) return [];
  const contents = '[Unit]\nUpholds=overlaybd-tcmu.service overlaybd-snapshotter.service\n';
  return [unitPart(context.at(), 'multi-user.target', { dropins: [{ name: '10-overlaybd.conf', contents }] })];
}

/** A release without the extension looks for it, does not find it, and stops the boot. */
function checkRelease(context: FeatureContext): readonly Diagnostic[] {
  const { release } = context;
  if (release === undefined || release.overlaybd !== undefined) return [];
  const lts = release.channels.includes('lts') ? ', as no long-term release has' : '';
  const message = `Flatcar ${describeRelease(release)} has no overlaybd extension${lts}: the machine would not boot`;
  return [context.report('error', ['release'], message, 'the first that has it is 4426.0.0')];
}

/** docker asks its own store for images unless it is told to ask containerd's. */
function dockerConfig(context: FeatureContext) {
  return {
    kind: 'document',
    path: '/etc/docker/daemon.json',
    format: 'json',
    value: { features: { 'containerd-snapshotter': true }, 'storage-driver': 'overlaybd' },
    origin: context.at('snapshotter', 'runtimeType'),
  } as const;
}

import type { AssetFolder } from '../assets/asset-folder.ts';
import type { Renderer } from '../render/renderer.ts';
import type { SiteState } from './site-state.ts';
import { notReady } from './site-state.ts';

/** What the apps are made with when only their routes matter: a site that is never ready, and a renderer for it. */
export const NOTHING_SERVED: {
  readonly site: SiteState;
  readonly renderer: Renderer;
  readonly assets: AssetFolder;
} = Object.freeze({
  site: Object.freeze({
    current() {
      throw notReady();
    },
    ready: false,
    loadedAt: undefined,
    source: undefined,
    refusal: undefined,
    pending: false,
    records: [],
    find: () => undefined,
    reload: () => Promise.reject(notReady()),
    reports: { complete: false, items: [] },
  }),
  renderer: Object.freeze({
    recall: () => undefined,
    render: () => Promise.reject(notReady()),
    renderInFull: () => Promise.reject(notReady()),
    boot() {
      throw notReady();
    },
  }),
  assets: Object.freeze({
    open: () => Promise.reject(notReady()),
    note: () => undefined,
    close: () => Promise.resolve(),
  }),
});

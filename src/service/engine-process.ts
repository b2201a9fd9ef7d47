import { join } from 'node:path';
import type { Butane } from '../butane/butane.ts';
import type { OpenButaneOptions } from '../butane/butane-process.ts';
import { openButane } from '../butane/butane-process.ts';
import { findButane } from '../butane/find-butane-process.ts';
import type { Renderer, RendererOptions } from '../render/renderer.ts';
import { createRenderer } from '../render/renderer.ts';
import type { TranslatorCaches } from '../render/translate.ts';
import { createCaches, createTranslator } from '../render/translate.ts';
import { findPackage } from './package-file.ts';

/** Bytes of finished configs that are kept. */
const CACHE_BYTES = 128 * 1024 * 1024;

/** What renders: butane, and what was made with it. */
export interface Engine {
  readonly butane: Butane;
  readonly caches: TranslatorCaches;
  readonly renderer: Renderer;
}

/** Which butane, the one that is found by default, and the URL that templates name. */
export interface EngineOptions {
  readonly butane?: string;
  readonly publicUrl: string;
}

/** Finds butane and opens it. Throws a ProvisioningError when there is none. */
export async function openEngine(
  { butane: explicit, publicUrl }: EngineOptions,
  options: OpenButaneOptions & Pick<RendererOptions, 'onRender'> = {},
): Promise<Engine> {
  const { onRender, ...rest } = options;
  const path = await findButane({
    ...(explicit === undefined ? {} : { explicit }),
    built: join(findPackage(), '.tools/bin/butane'),
    searchPath: process.env.PATH,
  });
  const butane = await openButane(path, rest);
  const caches = createCaches(CACHE_BYTES);
  const renderer = createRenderer({
    translator: createTranslator(butane, caches),
    now: () => performance.now(),
    ...(leadsNowhere(publicUrl) ? {} : { serviceUrl: publicUrl }),
    ...(onRender === undefined ? {} : { onRender }),
  });
  return { butane, caches, renderer };
}

/**
 * True for a URL that no machine can be told: the listener's address stands in for a public URL, and a listener on every
 * address has none, nor one on an address of the link, which needs the interface of whoever asks.
 */
export function leadsNowhere(url: string): boolean {
  return /^(?:0\.0\.0\.0|\[::\]|\[fe[89ab][\da-f]:[\da-f:]*\])$/.test(new URL(url).hostname);
}

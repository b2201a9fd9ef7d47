import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { requireDataFile } from '../programs.ts';
import { requireBootPrograms, writeBootAssets } from './initrd.ts';

/** A folder with a kernel, an initrd and iPXE for UEFI, which several tests use. */
export interface BootAssets {
  /** The folder, made when it is asked for first. Gives undefined when the test is skipped. */
  readonly folder: (t: TestContext) => Promise<string> | undefined;
  readonly remove: () => Promise<void>;
}

/** Makes nothing yet. */
export function createBootAssets(): BootAssets {
  let made: Promise<string> | undefined;
  return {
    folder(t) {
      const programs = requireBootPrograms(t);
      const ipxe = programs && requireDataFile(t, 'snponly.efi');
      if (programs === undefined || ipxe === undefined) return undefined;
      made ??= mkdtemp(join(tmpdir(), 'pilotlight-assets-')).then(async (folder) => {
        await writeBootAssets(folder, programs);
        await copyFile(ipxe, join(folder, 'snponly.efi'));
        return folder;
      });
      return made;
    },
    async remove() {
      if (made !== undefined) await rm(await made, { recursive: true });
    },
  };
}

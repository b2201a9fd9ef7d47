import type { Origin } from '../diagnostic.ts';
import type { Piece } from '../fragment/pieces.ts';

/** The boot loaders that scripts are written for. */
export const BOOT_TARGETS = ['ipxe', 'grub'] as const;

/** A boot loader that scripts are written for. */
export type BootTarget = (typeof BOOT_TARGETS)[number];

/** A text of a boot, filled in for one machine, with the place that it was written at. */
export interface BootText {
  readonly pieces: readonly Piece[];
  readonly origin: Origin;
  /** In butane's spelling, `$.boot.args.0`. */
  readonly path: string;
}

/** What one machine boots, filled in and not yet quoted for any boot loader. */
export type BootPlan =
  | {
      readonly kind: 'kernel';
      readonly kernel: BootText;
      readonly initrds: readonly BootText[];
      readonly args: readonly BootText[];
    }
  | { readonly kind: 'script'; readonly script: BootText };

/** The pieces of a text that its author wrote. */
export function authored(text: string): readonly Piece[] {
  return [{ text, by: 'author' }];
}

/** All of a text, whoever wrote it. */
export function textOf(pieces: readonly Piece[]): string {
  return pieces.map(({ text }) => text).join('');
}

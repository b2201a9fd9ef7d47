import type { IgnitionMode } from '../boot/ignition-arguments.ts';
import type { Diagnostic, Origin } from '../diagnostic.ts';
import type { MarkedTemplate } from '../fragment/template.ts';

/** A text of a boot: as it is written, and compiled where it is a template. */
export interface BootScalar {
  readonly origin: Origin;
  /** In butane's spelling, `$.boot.args.0`. */
  readonly path: string;
  readonly text: string;
  readonly template?: MarkedTemplate;
}

/** What a profile says about booting it over the network. */
export interface ProfileBoot {
  /** Where it stands. */
  readonly origin: Origin;
  readonly mode: IgnitionMode;
  readonly content:
    | {
        readonly kind: 'kernel';
        readonly kernel: BootScalar;
        readonly initrds: readonly BootScalar[];
        readonly args: readonly BootScalar[];
      }
    | { readonly kind: 'script'; readonly script: BootScalar };
  /** It reads `group.id`, so it matters which of several equal groups is said to have decided. */
  readonly readsGroup: boolean;
}

/** A boot, or what is wrong with it: its faults keep the machine from its kernel, and nobody from the config. */
export interface ParsedBoot {
  readonly value?: ProfileBoot;
  readonly diagnostics: readonly Diagnostic[];
}

import type { Static, TSchema } from 'typebox';
import type { Diagnostic, Origin, Severity } from '../diagnostic.ts';
import type { MapNode, PathSegment } from '../fragment/node.ts';
import type { FlatcarRelease } from './flatcar-release.ts';

/**
 * A typed block of a profile that expands to a Butane fragment: what the author of a profile would otherwise write, and
 * get wrong, by hand. A feature is a folder, and a line in the table of `features.ts`.
 */
export interface Feature {
  /** The key under `features:`. */
  readonly name: string;
  /** One sentence for people: what the machine gets. */
  readonly summary: string;
  /** JSON Schema 2020-12 of the block, closed at every level; each key has a `description`. */
  readonly schema: object;
  /**
   * Gives the fragment for a block that fits the schema, with what goes into shared values and what is wrong or doubtful.
   * Pure. An error among the diagnostics keeps the profile from being served.
   */
  expand(block: unknown, context: FeatureContext): Expansion;
  /** Looks at what everything together came to, for what depends on other features or on the author's layers. Pure. */
  review(block: unknown, whole: Whole, context: FeatureContext): readonly Diagnostic[];
}

/** A feature as its folder writes it, with the block typed by its schema. */
export interface FeatureDefinition<Schema extends TSchema> {
  readonly name: string;
  readonly summary: string;
  readonly schema: Schema;
  expand(block: Static<Schema>, context: FeatureContext): Expansion;
  review?(block: Static<Schema>, whole: Whole, context: FeatureContext): readonly Diagnostic[];
}

/** Makes a feature of its definition. Blocks are held against the schema before they are expanded. */
export function defineFeature<Schema extends TSchema>(definition: FeatureDefinition<Schema>): Feature {
  const { name, summary, schema } = definition;
  return {
    name,
    summary,
    // Ajv takes a plain object only.
    schema: JSON.parse(JSON.stringify(schema)),
    expand: (block, context) => definition.expand(block as Static<Schema>, context),
    review: (block, whole, context) => definition.review?.(block as Static<Schema>, whole, context) ?? [],
  };
}

/** What an expansion may look at beside its block. */
export interface FeatureContext {
  /** The release that the machine runs; absent when no feature of the profile names one. */
  readonly release?: FlatcarRelease;
  /** Where a part of the block was written: the value at a path, or its nearest parent; the block's key for no path. */
  at(...path: readonly PathSegment[]): Origin;
  /** A diagnostic of the code `feature` that points at a part of the block. */
  report(severity: Severity, path: readonly PathSegment[], message: string, hint: string): Diagnostic;
}

/** What became of a block. */
export interface Expansion {
  readonly fragment: readonly Part[];
  readonly contributions: readonly Contribution[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Lists of a Butane document that features add to. */
export type Section = 'files' | 'directories' | 'links' | 'filesystems' | 'units';

/** One item of a list of a Butane document. Whatever butane says about it is said about the origin. */
export interface Part {
  readonly section: Section;
  readonly value: object;
  readonly origin: Origin;
}

/** What a feature adds to a value that several may add to; the owner of the value renders it once. */
export type Contribution =
  /** A system extension that the release offers, for the list of enabled ones. */
  | { readonly kind: 'extension'; readonly name: string; readonly origin: Origin }
  /** A kernel module to load at each boot. */
  | { readonly kind: 'kernel-module'; readonly name: string; readonly origin: Origin }
  /** Keys of a JSON or TOML file. */
  | {
      readonly kind: 'document';
      readonly path: string;
      readonly format: 'json' | 'toml';
      readonly value: Readonly<Record<string, unknown>>;
      readonly origin: Origin;
    };

/** What the machine gets, all features and layers together. */
export interface Whole {
  readonly contributions: readonly Contribution[];
  /** The composed Butane document. */
  readonly document: MapNode;
}

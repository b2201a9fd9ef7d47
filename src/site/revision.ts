import type { Diagnostic, Origin, Parsed } from '../diagnostic.ts';
import type { FileTree } from '../fragment/file-tree.ts';
import type { CompiledLayer } from '../fragment/interpolate.ts';
import type { MapNode, Node } from '../fragment/node.ts';
import type { Condition, Template } from '../fragment/template.ts';
import type { ValueObject } from '../fragment/value.ts';
import type { GoTemplate, JsonValue } from '../go-template/go-template.ts';
import type { Selector } from '../machine/selector.ts';
import type { InstanceMetadata } from '../metadata/instance.ts';
import type { BootSettings } from './boot-settings.ts';
import type { ProfileFeatures } from './features.ts';
import type { GroupIndex } from './group-index.ts';
import type { MetadataSettings } from './metadata-settings.ts';
import type { ParsedBoot } from './profile-boot.ts';
import type { CompiledSchema } from './schema.ts';

/** An immutable, fully read snapshot of a site. */
export interface Revision {
  /** SHA-256 of the inputs, hex. */
  readonly id: string;
  /** Whose rules hold for it. */
  readonly format: SiteFormat;
  readonly settings: SiteSettings;
  /** By id, in the order of their ids. */
  readonly profiles: ReadonlyMap<string, Profile>;
  /** By id, in the order of their ids. */
  readonly groups: ReadonlyMap<string, Group>;
  readonly index: GroupIndex;
  readonly files: FileTree;
  /** SHA-256 of files/, hex. */
  readonly filesDigest: string;
  /** Faults and doubts that concern no single profile, and those of fragments that nobody uses. */
  readonly diagnostics: readonly Diagnostic[];
  /** The text of each document and of each file under files/, for code frames. */
  readonly documents: ReadonlyMap<string, Buffer>;
  /** SHA-256 of site.yaml, hex. */
  readonly settingsDigest: string;
  /** Files that are left out because they do not parse; always none in a site of pilotlight's own, which is taken whole. */
  readonly skipped: readonly string[];
  /** What its documents gave, for the parse of the next revision. */
  readonly parsed: ParsedDocuments;
}

/** How a site directory is laid out: as pilotlight's own, or as the data directory of matchbox. */
export type SiteFormat = 'pilotlight' | 'matchbox';

/** What each document of a site gave when it was parsed, by its path; one that did not change is not parsed again. */
export interface ParsedDocuments {
  readonly fragments: ReadonlyMap<string, Fragment>;
  readonly profiles: ReadonlyMap<string, ParsedProfile>;
  readonly groups: ReadonlyMap<string, { readonly digest: string; readonly parsed: Parsed<Group> }>;
}

/** A fragment as it was parsed once for all profiles that use it. */
export interface Fragment extends Parsed<CompiledLayer> {
  /** SHA-256 of its text, hex. */
  readonly digest: string;
}

/** A profile with all that its parse depended on. */
export interface ParsedProfile {
  readonly digest: string;
  readonly parsed: Parsed<Profile>;
}

/** What site.yaml says. */
export interface SiteSettings {
  /** A warning of butane is a fault of the profile. */
  readonly strict: boolean;
  /** Experimental Butane versions may be served. */
  readonly experimental: boolean;
  /** Default parameters of all profiles. */
  readonly parameters: ReadonlyMap<string, Contribution>;
  /** What machines do that boot over the network and get nothing. */
  readonly boot: BootSettings;
  /** Metadata services. */
  readonly metadata: MetadataSettings;
}

/** One parameter's value, with the place that gave it. */
export interface Contribution {
  /** The file that gave it. */
  readonly source: string;
  readonly node: Node;
  readonly keyOrigin: Origin;
}

/** What a kind of machine should become: one of the ways to write it. */
export type Profile = ButaneProfile | IgnitionProfile | ComposedProfile | MatchboxProfile;

interface ProfileBase {
  readonly id: string;
  /** The file that defines it, relative to the site. */
  readonly file: string;
  readonly title?: string;
  /** SHA-256 over all that it is written in: its own file and the fragments that it names; hex. */
  readonly digest: string;
  /** What was found wrong when the site was read; with an error among them the profile is broken. */
  readonly diagnostics: readonly Diagnostic[];
}

/** A plain Butane file: its own bytes go to butane. */
export interface ButaneProfile extends ProfileBase {
  readonly kind: 'butane';
  readonly bytes: Buffer;
  /** Absent when the file does not parse. */
  readonly document?: MapNode;
}

/** A hand-written Ignition config: checked when it is rendered, and served as it is. */
export interface IgnitionProfile extends ProfileBase {
  readonly kind: 'ignition';
  readonly bytes: Buffer;
}

/** A profile that is composed of layers and filled in with parameters. */
export interface ComposedProfile extends ProfileBase {
  readonly kind: 'composed';
  /** First is lowest. Incomplete when a layer is at fault (see `diagnostics`). */
  readonly layers: readonly Layer[];
  readonly parameters: ParameterSchema;
  readonly features?: ProfileFeatures;
  /** A hand-written config of files/, which stands in for all layers. */
  readonly ignition?: IgnitionProfile;
  /** What is booted over the network; its faults are its own, and not among `diagnostics`. */
  readonly boot?: ParsedBoot;
  /** A layer reads `group.id`, so it matters which of several equal groups is said to have decided. */
  readonly readsGroup: boolean;
}

/** A profile of matchbox: the names of documents, each of which may be missing. */
export interface MatchboxProfile extends ProfileBase {
  readonly kind: 'matchbox';
  /** What becomes Ignition. */
  readonly ignition?: MatchboxDocument;
  /** Text of any kind. */
  readonly generic?: MatchboxDocument;
  /** A cloud-config or a script. */
  readonly cloud?: MatchboxDocument;
  readonly boot?: MatchboxBoot;
}

/** A document that a profile of matchbox names. */
export type MatchboxDocument =
  | { readonly kind: 'missing'; readonly file: string }
  /** A Go template that did not parse has no value. */
  | { readonly kind: 'template'; readonly file: string; readonly template: Parsed<GoTemplate> }
  /** Hand-written Ignition, which is no template. */
  | { readonly kind: 'config'; readonly file: string; readonly config: IgnitionProfile };

/** What a machine boots over the network, as it is written: nothing in it is a template. */
export interface MatchboxBoot {
  readonly kernel: string;
  readonly initrd: readonly string[];
  readonly args: readonly string[];
}

/** What a profile declares about its parameters. */
export interface ParameterSchema {
  readonly schema: CompiledSchema;
  /** The schema as it was written, for people and tools. */
  readonly source: ValueObject;
  readonly node: Node;
  /** The declared names, or undefined where the schema leaves them open. */
  readonly names: ReadonlySet<string> | undefined;
}

/** One layer of a composed profile. */
export interface Layer {
  /** The fragment's file, or the profile's own for its inline layer. */
  readonly file: string;
  /** Where the profile names it. */
  readonly origin: Origin;
  readonly content: CompiledLayer;
  /** The layer takes part only when this holds. */
  readonly when?: (Condition & Place) | boolean;
  /** The layer takes part once for each item of this list. */
  readonly each?: Template & Place;
}

/** Where something stands in the document that defines it. */
export interface Place {
  readonly origin: Origin;
  /** In butane's spelling, `$.layers.1.each`. */
  readonly path: string;
}

/** Selector -> profile and parameters. */
export interface Group {
  readonly id: string;
  readonly file: string;
  /** SHA-256 of its text, hex. */
  readonly digest: string;
  readonly origin: Origin;
  readonly selector: Selector;
  /** The number of selector keys: more is more specific. */
  readonly specificity: number;
  /** Decides between groups of equal specificity; the higher wins. 0 unless given. */
  readonly priority: number;
  /** The id of the profile it names, and where; it may not exist. */
  readonly profile?: { readonly id: string; readonly origin: Origin };
  readonly parameters: ReadonlyMap<string, Contribution>;
  /** What a metadata service says of its machines. */
  readonly instance?: InstanceMetadata;
  /** The parameters as JSON has them, in a group of matchbox that gives any. */
  readonly metadata?: { readonly [key: string]: JsonValue };
}

import type { IgnitionMode } from '../boot/ignition-arguments.ts';
import { IGNITION_MODES, modeOfVariant } from '../boot/ignition-arguments.ts';
import type { Diagnostic, Origin } from '../diagnostic.ts';
import type { MapNode, Node, ScalarNode } from '../fragment/node.ts';
import { child, childText } from '../fragment/node.ts';
import type { MarkedTemplate } from '../fragment/template.ts';
import { compileMarkedTemplate, isTemplate, TemplateFault } from '../fragment/template.ts';
import { checkReads } from './parameters.ts';
import type { BootScalar, ParsedBoot, ProfileBoot } from './profile-boot.ts';
import type { Layer } from './revision.ts';

/** What a boot is read with. */
export interface BootContext {
  /** The parameters of the profile, or undefined where its schema leaves them open. */
  readonly declared: ReadonlySet<string> | undefined;
  readonly layers: readonly Layer[];
  readonly hasFeatures: boolean;
}

/** Reads `boot:` of a profile; undefined for a profile that has none. */
export function parseBoot(root: MapNode, context: BootContext): ParsedBoot | undefined {
  const boot = root.entries.get('boot');
  if (boot?.value.kind !== 'map') return undefined;
  const node = boot.value;
  const diagnostics: Diagnostic[] = [];
  const scalar = (found: ScalarNode, path: string): BootScalar => {
    const { template, faults } = compile(found, path, context);
    diagnostics.push(...faults);
    return { text: found.text, origin: found.origin, path, ...(template === undefined ? {} : { template }) };
  };
  const mode = modeOf(node, context);
  if (mode === undefined) {
    const message =
      'the layers do not say for which variant this is, so nobody knows how Ignition is told where its config is';
    const hint = `write \`ignition:\` under \`boot\`, with one of ${IGNITION_MODES.join(', ')}`;
    diagnostics.push(fault(message, '$.boot', boot.keyOrigin, hint));
  }
  const content = readContent(node, boot.keyOrigin, scalar, diagnostics);
  if (diagnostics.length > 0 || content === undefined || mode === undefined) return { diagnostics };
  const scalars = content.kind === 'script' ? [content.script] : [content.kernel, ...content.initrds, ...content.args];
  const readsGroup = scalars.some(({ template }) => template?.reads.some(([name]) => name === 'group') ?? false);
  return { value: { origin: boot.keyOrigin, mode, content, readsGroup }, diagnostics };
}

function readContent(
  node: MapNode,
  origin: Origin,
  scalar: (found: ScalarNode, path: string) => BootScalar,
  diagnostics: Diagnostic[],
): ProfileBoot['content'] | undefined {
  const scalars = (key: string): readonly BootScalar[] => {
    const found = child(node, key);
    const items: readonly Node[] = found === undefined ? [] : found.kind === 'list' ? found.items : [found];
    return items.flatMap((item, index) =>
      item.kind === 'scalar' ? [scalar(item, found === item ? `$.boot.${key}` : `$.boot.${key}.${index}`)] : [],
    );
  };
  const [kernel] = scalars('kernel');
  const [script] = scalars('ipxe');
  if (script !== undefined) {
    const beside = ['kernel', 'initrd', 'args'].filter((key) => node.entries.has(key));
    for (const key of beside) {
      const message = `\`${key}\` has no effect beside \`ipxe\`, which is the whole script`;
      const at = node.entries.get(key)?.keyOrigin ?? origin;
      diagnostics.push(fault(message, `$.boot.${key}`, at, 'write one or the other'));
    }
    return { kind: 'script', script };
  }
  if (kernel !== undefined) return { kind: 'kernel', kernel, initrds: scalars('initrd'), args: scalars('args') };
  diagnostics.push(
    fault('`boot` names no kernel', '$.boot', origin, 'write `kernel:`, or a whole script under `ipxe:`'),
  );
  return undefined;
}

function compile(
  node: ScalarNode,
  path: string,
  { declared }: BootContext,
): { readonly template?: MarkedTemplate; readonly faults: readonly Diagnostic[] } {
  if (!isTemplate(node.text)) return { faults: [] };
  try {
    const template = compileMarkedTemplate(node.text);
    return { template, faults: checkReads(template.reads, declared, { origin: node.origin, path }, false) };
  } catch (error) {
    if (!(error instanceof TemplateFault)) throw error;
    return {
      faults: [{ severity: 'error', code: 'template-syntax', message: error.message, path, origin: node.origin }],
    };
  }
}

/** What is written, and else what the variant of the layers says. Features are for Flatcar. */
function modeOf(boot: MapNode, { layers, hasFeatures }: BootContext): IgnitionMode | undefined {
  const written = IGNITION_MODES.find((mode) => mode === childText(boot, 'ignition'));
  if (written !== undefined) return written;
  const variants = layers.map(({ content }) => modeOfVariant(childText(content.root, 'variant')));
  return variants.find((mode) => mode !== undefined) ?? (hasFeatures ? 'flatcar' : undefined);
}

function fault(message: string, path: string, origin: Origin, hint: string): Diagnostic {
  return { severity: 'error', code: 'boot', message, path, origin, hint };
}

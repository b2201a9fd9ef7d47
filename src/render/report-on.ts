import type { Diagnostic } from '../diagnostic.ts';
import { hasErrors, sortDiagnostics } from '../diagnostic.ts';
import { emitButane } from '../fragment/emit.ts';
import type { Assembly } from './assemble.ts';
import { checkEmbedded, embeddedConfigs, withoutEmbedded } from './embedded-configs.ts';
import type { ReportContext } from './reports.ts';
import { mapReport } from './reports.ts';
import type { Served } from './served.ts';
import type { Content, TranslateInput, Translator } from './translate.ts';
import { reportKey } from './translate.ts';

/** A translated document, and what tells it from others. */
export interface Reported {
  readonly content: Content;
  /** The cache's key of `content`. */
  readonly key: string;
  readonly assembly: Assembly;
  /** Tells the profile that it is for, as it is written, from all others. */
  readonly profile: string;
}

/**
 * All that is wrong with a translated document, at its author's places; found out once for each document. Where butane's
 * own report would not tell the place for sure, which costs nothing as long as nothing is wrong, it is asked once more:
 * about the document without the configs that it carries, and written so that each value has a line of its own.
 */
export async function reportOn(
  { content, key, assembly, profile }: Reported,
  input: TranslateInput,
  served: Served,
  translator: Translator,
): Promise<readonly Diagnostic[]> {
  const { revision } = served;
  const embedded = embeddedConfigs(assembly.document, revision.files);
  const silent = content.ok && content.entries.length === 0;
  if (silent && embedded.length === 0) return NOTHING;
  const { document, source, layers } = assembly;
  const report = async () => {
    const context: ReportContext = {
      document,
      source,
      strict: revision.settings.strict,
      filesDir: input.filesDir,
    };
    const inside = await checkEmbedded(embedded, served, translator);
    const lined = !content.ok && content.failure.yamlFaults.length > 0;
    if (silent || (embedded.length === 0 && !lined)) return [...map(content, context), ...inside];
    const again = emitButane(withoutEmbedded(document));
    const outside = await translator.translate({ ...input, source: again });
    const found = sortDiagnostics([...map(outside.content, { ...context, source: again }), ...inside]);
    return content.ok || hasErrors(found) ? found : map(content, context);
  };
  return translator.reports.get(reportKey('document', profile, revision.settingsDigest, ...layers, key), report);
}

const NOTHING: readonly Diagnostic[] = Object.freeze([]);

function map(content: Content, context: ReportContext): readonly Diagnostic[] {
  return mapReport(content.ok ? { ...content, ignition: '', durationMs: 0 } : content.failure, context);
}

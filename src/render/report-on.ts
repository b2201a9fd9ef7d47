import type { Diagnostic } from '../diagnostic.ts';
import { hasErrors, sortDiagnostics } from '../diagnostic.ts';
import { emitButane } from '../fragment/emit.ts';
import type { Assembly } from './assemble.ts';
import { checkEmbedded, embeddedConfigs, withoutEmbedded } from './embedded-configs.ts';
import type { ReportContext } from './reports.ts';
import { mapReport } from './reports.ts';
import type { Served } from './served.ts';
import type { Content, TranslateInput, Translator } from './translate.ts';

/**
 * All that is wrong with a translated document, at its author's places. Where butane's own report would not tell the
 * place for sure, which costs nothing as long as nothing is wrong, it is asked once more: about the document without the
 * configs that it carries, and written so that each value has a line of its own.
 */
export async function reportOn(
  content: Content,
  { document, source }: Assembly,
  input: TranslateInput,
  served: Served,
  translator: Translator,
): Promise<readonly Diagnostic[]> {
  const { settings, files } = served.revision;
  const context: ReportContext = { document, source, strict: settings.strict, filesDir: input.filesDir };
  const embedded = embeddedConfigs(document, files);
  const inside = await checkEmbedded(embedded, served, translator);
  const silent = content.ok && content.entries.length === 0;
  const lined = !content.ok && content.failure.yamlFaults.length > 0;
  if (silent || (embedded.length === 0 && !lined)) return [...report(content, context), ...inside];

  const again = emitButane(withoutEmbedded(document));
  const outside = await translator.translate({ ...input, source: again });
  const found = sortDiagnostics([...report(outside.content, { ...context, source: again }), ...inside]);
  return content.ok || hasErrors(found) ? found : report(content, context);
}

function report(content: Content, context: ReportContext): readonly Diagnostic[] {
  return mapReport(content.ok ? { ...content, ignition: '', durationMs: 0 } : content.failure, context);
}

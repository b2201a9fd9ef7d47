import { ignitionUrl } from '../boot/ignition-arguments.ts';
import type { BootPlan, BootTarget, BootText } from '../boot/plan.ts';
import { authored } from '../boot/plan.ts';
import type { Retry } from '../boot/retry.ts';
import { writeBootScript } from '../boot/script.ts';
import type { Diagnostic, Parsed } from '../diagnostic.ts';
import { ProvisioningError } from '../errors.ts';
import type { Budget } from '../fragment/budget.ts';
import { createBudget } from '../fragment/budget.ts';
import { faultCode } from '../fragment/interpolate.ts';
import { readPieces } from '../fragment/pieces.ts';
import type { TemplateScope } from '../fragment/template.ts';
import { TemplateFault, TemplateLimit } from '../fragment/template.ts';
import type { Selection } from '../site/outcome.ts';
import { resolveParameters } from '../site/parameters.ts';
import type { BootScalar, ProfileBoot } from '../site/profile-boot.ts';
import type { ComposedProfile, Profile } from '../site/revision.ts';
import { createScope, groupUnclear } from './assemble.ts';
import type { RenderContext, RenderRequest } from './render.ts';
import { refusal, selectFor } from './render.ts';

/** What one machine boots, ready to be written for its boot loader. */
export interface Boot {
  readonly profile: string;
  /** The group that decided. */
  readonly group?: string;
  /** Whether it is a kernel, or a script of the author's own, which only iPXE reads. */
  readonly kind: BootPlan['kind'];
  /** The machine fetches an Ignition config, which has to render. */
  readonly needsConfig: boolean;
  /** The script. Throws `boot-broken` with every fault at its place. */
  write(target: BootTarget, retry: Retry): string;
}

/** What making a boot needs beside the request. */
export type BootContext = Pick<RenderContext, 'served' | 'now' | 'serviceUrl' | 'refuseSlow' | 'noteSlow'>;

/**
 * Picks the profile for the machine and fills in its boot. Throws what `select` does, `boot-missing` for a profile without
 * a boot, `parameter-missing` for what the service does not know, and `boot-broken` with diagnostics for the rest.
 */
export function bootFor(request: RenderRequest, context: BootContext): Boot {
  const { selection } = selectFor(request, context);
  const { profile, group } = selection;
  if (profile.kind !== 'composed' || profile.boot === undefined) {
    throw new ProvisioningError('boot-missing', `the profile ${profile.id} has no boot`);
  }
  context.refuseSlow(profile);
  const { value: boot, diagnostics } = profile.boot;
  if (boot === undefined) throw broken(profile, diagnostics);
  const plan = fillBoot({ ...selection, profile }, boot, request, context);
  const { serviceUrl } = context;
  const written = {
    mode: boot.mode,
    serviceUrl,
    ignitionUrl: serviceUrl === undefined ? undefined : ignitionUrl(serviceUrl, profile.id, request.machine),
    profile: profile.id,
  };
  return {
    profile: profile.id,
    ...(group === undefined ? {} : { group: group.id }),
    kind: plan.kind,
    needsConfig: boot.mode !== 'none',
    write(target, retry) {
      const script = writeBootScript(plan, target, { ...written, retry });
      if (script.value === undefined) throw broken(profile, script.diagnostics);
      return script.value;
    },
  };
}

function fillBoot(
  selection: Selection & { readonly profile: ComposedProfile },
  boot: ProfileBoot,
  { machine }: RenderRequest,
  { now, serviceUrl, noteSlow }: BootContext,
): BootPlan {
  const { profile } = selection;
  const rival = selection.equals[0];
  if (boot.readsGroup && rival !== undefined) throw broken(profile, [groupUnclear(selection, rival)]);
  const parameters = resolveParameters(profile.parameters, selection.contributions);
  if (parameters.value === undefined) throw bootRefusal(profile, parameters.diagnostics);
  const scope = createScope(
    selection,
    { machine, ...(serviceUrl === undefined ? {} : { serviceUrl }) },
    parameters.value,
  );
  const budget = createBudget(now);
  const diagnostics: Diagnostic[] = [];
  const fill = (scalar: BootScalar): readonly BootText[] => {
    const filled = fillScalar(scalar, scope, budget);
    diagnostics.push(...filled.diagnostics);
    return filled.value ?? [];
  };
  const one = (scalar: BootScalar): BootText => {
    const [text, ...more] = fill(scalar);
    if (more.length > 0) diagnostics.push(fault(scalar, 'a list cannot stand here', 'boot'));
    return text ?? { ...scalar, pieces: [] };
  };
  const { content } = boot;
  const plan: BootPlan =
    content.kind === 'script'
      ? { kind: 'script', script: one(content.script) }
      : {
          kind: 'kernel',
          kernel: one(content.kernel),
          initrds: content.initrds.flatMap(fill).filter(isThere),
          args: content.args.flatMap(fill).filter(isThere),
        };
  if (diagnostics.length === 0) return plan;
  const error = bootRefusal(profile, diagnostics);
  if (diagnostics.some(({ code }) => code === 'template-limit')) noteSlow(profile, error);
  throw error;
}

/** What a condition leaves nothing of is left out. */
function isThere({ pieces }: BootText): boolean {
  return pieces.some(({ text }) => text !== '');
}

/** A lone expression that yields a list gives a text for each of its items, none for an empty one. */
function fillScalar(scalar: BootScalar, scope: TemplateScope, budget: Budget): Parsed<readonly BootText[]> {
  const { template, text, origin, path } = scalar;
  if (template === undefined) return { value: [{ pieces: authored(text), origin, path }], diagnostics: [] };
  try {
    const value = template.evaluate(scope, budget.timeLeftMs());
    const items: readonly unknown[] = Array.isArray(value) ? value : [value];
    const texts = items.map((item): BootText => {
      if (typeof item === 'object') throw new TemplateFault('a text is needed here, and the value is none');
      const pieces = template.lone ? [{ text: String(item), by: 'value' as const }] : readPieces(String(item));
      return { pieces, origin, path };
    });
    return { value: texts, diagnostics: [] };
  } catch (error) {
    if (!(error instanceof TemplateFault || error instanceof TemplateLimit)) throw error;
    return { diagnostics: [fault(scalar, error.message, faultCode(error))] };
  }
}

function fault({ origin, path }: BootScalar, message: string, code: Diagnostic['code']): Diagnostic {
  return { severity: 'error', code, message, path, origin };
}

function bootRefusal(profile: ComposedProfile, diagnostics: readonly Diagnostic[]): ProvisioningError {
  return refusal(profile, diagnostics, broken);
}

function broken(profile: Profile, diagnostics: readonly Diagnostic[]): ProvisioningError {
  return new ProvisioningError('boot-broken', `the boot of the profile ${profile.id} has a fault`, { diagnostics });
}

import type { Config } from '../config.ts';
import type { PointerVariant } from '../pointer/butane-pointer.ts';
import type { Encoding } from '../pointer/encode.ts';
import { readHttpTotal } from '../pointer/http-total.ts';
import type { PlatformId } from '../pointer/platforms.ts';
import type { PointerParts } from '../pointer/pointer.ts';
import { readAuthoritiesFile, readHeaders } from '../pointer/pointer-file.ts';
import type { Target } from '../pointer/target.ts';
import { pinOf, remarksOn, targetUrl } from '../pointer/target.ts';
import type { PointerFormat } from '../pointer/user-data.ts';
import { makeUserData } from '../pointer/user-data.ts';
import { faultOfDates } from '../service/certificate-file.ts';
import { leadsNowhere } from '../service/engine-process.ts';
import { endOnSignals, openWorkshop, readSiteRevision } from '../service/workshop-process.ts';
import { describedMachine } from '../site/machine-of.ts';
import type { Revision } from '../site/revision.ts';
import { EXIT } from './exit.ts';
import { failWith } from './failure.ts';
import type { LabelFlags } from './labels.ts';
import { queryOf } from './labels.ts';
import { readSpecFlag } from './spec-flag.ts';
import type { Terminal } from './terminal.ts';

/** Flags of `pointer`. */
export interface PointerFlags extends LabelFlags {
  readonly platform?: PlatformId;
  readonly format: PointerFormat;
  readonly encoding?: Encoding;
  readonly wrap?: boolean;
  readonly variant: PointerVariant;
  readonly merge?: boolean;
  readonly ca?: string;
  readonly pin?: boolean;
  readonly spec?: string;
  readonly header?: readonly string[];
  readonly httpTotal?: string;
}

/**
 * Prints the config that leads a machine to its profile, in the form that a platform takes, and on standard error what
 * should be known about it. Only a pin needs butane.
 */
export async function pointerCommand(
  profileId: string,
  config: Config,
  flags: PointerFlags,
  terminal: Terminal,
): Promise<number> {
  endOnSignals();
  const { platform, format, encoding, wrap, variant } = flags;
  const query = queryOf(flags);
  const accepts = readSpecFlag(flags.spec);
  const httpTotalSeconds = readHttpTotal(flags.httpTotal, '--http-total');
  const headers = await readHeaders(flags.header ?? []);
  const authorities = flags.ca === undefined ? [] : await readAuthoritiesFile(flags.ca);
  const following = flags.merge === true ? 'merge' : 'replace';
  const targetIn = (revision: Revision): Target => ({
    machine: describedMachine(revision.format, query),
    profileId,
    ...(accepts === undefined ? {} : { accepts }),
  });
  const found = await (flags.pin === true ? findPinned : find)(config, targetIn, terminal);
  if (!found.ok) return found.exitCode;
  const parts: PointerParts = { ...found.parts, following, authorities, headers, httpTotalSeconds };
  const made = makeUserData(parts, {
    format,
    variant,
    ...(platform === undefined ? {} : { platform }),
    ...(encoding === undefined ? {} : { encoding }),
    ...(wrap === undefined ? {} : { wrap }),
    ...(accepts === undefined ? {} : { accepts }),
  });
  for (const remark of remarksOn(parts)) terminal.err(`note: ${remark}\n`);
  for (const [index, authority] of authorities.entries()) {
    const fault = faultOfDates(authority, new Date());
    if (fault === undefined) continue;
    terminal.err(`note: no machine trusts certificate ${index + 1} of ${flags.ca}: ${fault}\n`);
  }
  await terminal.out(made.content);
  return EXIT.fine;
}

type Found =
  | { readonly ok: true; readonly parts: Pick<PointerParts, 'url' | 'pin'> }
  | { readonly ok: false; readonly exitCode: number };

async function find(config: Config, targetIn: (revision: Revision) => Target): Promise<Found> {
  const revision = await readSiteRevision(config.site, config.siteFormat);
  return { ok: true, parts: { url: targetUrl(revision, targetIn(revision), serviceUrlOf(config)) } };
}

async function findPinned(
  config: Config,
  targetIn: (revision: Revision) => Target,
  terminal: Terminal,
): Promise<Found> {
  const { served, renderer, close } = await openWorkshop(config);
  try {
    const target = targetIn(served.revision);
    const url = targetUrl(served.revision, target, serviceUrlOf(config));
    return { ok: true, parts: { url, pin: await pinOf(renderer, served, target) } };
  } catch (error) {
    return { ok: false, exitCode: failWith(error, terminal, served.revision.documents) };
  } finally {
    await close();
  }
}

function serviceUrlOf({ publicUrl }: Config): string | undefined {
  return leadsNowhere(publicUrl) ? undefined : publicUrl;
}

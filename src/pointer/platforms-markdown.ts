import type { Platform, SizeLimit } from './platforms.ts';
import { isPlatform, PLATFORM_IDS, platformOf } from './platforms.ts';

const COUNTED: Readonly<Record<SizeLimit['of'], string>> = {
  config: 'of the config',
  base64: 'of its base64',
  value: 'as uploaded',
};

/** The table of platforms of docs/pointer.md, a row for each. */
export function platformsMarkdown(): string {
  const rows = PLATFORM_IDS.map((id) => row(id, platformOf(isPlatform(id) ? id : undefined)));
  const head = '| `--platform` | is | limit | encoding; others | where it goes |\n|---|---|---|---|---|\n';
  return `${head}${rows.join('')}`;
}

function row(id: string, { title, encodings: [first, ...others], limit, unlimited, place, source }: Platform): string {
  const size = limit === undefined ? none(unlimited) : sizeOf(limit);
  const forms = others.length === 0 ? first : `${first}; ${others.join(', ')}`;
  return `| \`${id}\` | [${title}](${source}) | ${size} | ${forms} | ${place} |\n`;
}

function none(reason: string | undefined): string {
  return reason === undefined ? 'not known' : `none: ${reason}`;
}

function sizeOf({ bytes, of, source }: SizeLimit): string {
  return `[${bytes.toLocaleString('en-US')} bytes](${source}) ${COUNTED[of]}`;
}

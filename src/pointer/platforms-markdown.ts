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
  const size =
    limit === undefined
      ? unlimited === undefined
        ? 'not known'
        : `none: ${unlimited}`
      : `[${limit.bytes.toLocaleString('en-US')} bytes](${limit.source}) ${COUNTED[limit.of]}`;
  const forms = others.length === 0 ? first : `${first}; ${others.join(', ')}`;
  return `| \`${id}\` | [${title}](${source}) | ${size} | ${forms} | ${place} |\n`;
}

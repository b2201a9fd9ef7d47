/** One setting of a unit file. */
export interface Setting {
  readonly section: string;
  readonly key: string;
  readonly value: string;
  /** Its first line, from 1, and its last. */
  readonly line: number;
  readonly lastLine: number;
}

/** The settings of a unit file in their order, as systemd reads them: without comments, lines that go on joined. */
export function parseUnit(text: string): readonly Setting[] {
  const settings: Setting[] = [];
  let section = '';
  const lines = text.split('\n');
  for (let index = 0; index < lines.length; index += 1) {
    const line = index + 1;
    let whole = (lines[index] ?? '').trim();
    if (whole === '' || /^[#;]/.test(whole)) continue;
    while (whole.endsWith('\\') && index + 1 < lines.length) {
      index += 1;
      const next = (lines[index] ?? '').trim();
      if (!/^[#;]/.test(next)) whole = `${whole.slice(0, -1).trimEnd()} ${next}`;
    }
    const header = /^\[(.*)\]$/.exec(whole);
    if (header !== null) {
      section = header[1] ?? '';
      continue;
    }
    const equals = whole.indexOf('=');
    if (equals === -1) continue;
    const key = whole.slice(0, equals).trim();
    settings.push({ section, key, value: whole.slice(equals + 1).trim(), line, lastLine: index + 1 });
  }
  return settings;
}

/** A unit file by its meaning: equal for texts that differ in comments, blank lines and spacing only. */
export function unitMeaning(text: string): Readonly<Record<string, readonly string[]>> {
  const values: Record<string, string[]> = Object.create(null);
  for (const { section, key, value } of parseUnit(text)) {
    const name = `${section}.${key}`;
    values[name] = [...(values[name] ?? []), value];
  }
  return values;
}

/** The words of a command, without the prefixes of systemd; undefined for one that is left open. */
export function splitCommand(command: string): readonly string[] | undefined {
  const words: string[] = [];
  let rest = command.replace(/^[-@:+!|]+/, '').trim();
  while (rest !== '') {
    const match = /^(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|((?:[^\s"'\\]|\\.)+))(?=\s|$)\s*/.exec(rest);
    if (match === null) return undefined;
    words.push(match[1] ?? match[2] ?? match[3] ?? '');
    rest = rest.slice(match[0].length);
  }
  return words;
}

/** A unit file without some of its settings; undefined when none is left. */
export function withoutSettings(text: string, dropped: readonly Setting[]): string | undefined {
  const all = parseUnit(text);
  if (all.every((setting) => dropped.some(({ line }) => line === setting.line))) return undefined;
  const gone = new Set(
    dropped.flatMap(({ line, lastLine }) => Array.from({ length: lastLine - line + 1 }, (_, more) => line + more)),
  );
  const kept = text.split('\n').filter((_, index) => !gone.has(index + 1));
  // A section without settings says nothing.
  return kept
    .join('\n')
    .replace(/^\[[^\]\n]*\]\n+(?=\[|$(?![\s\S]))/gm, '')
    .replace(/^\n+/, '');
}

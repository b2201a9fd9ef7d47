/** When a window opens. */
export interface WindowStart {
  /** Of the week, from Sunday; absent for one of every day. */
  readonly day?: number;
  readonly minute: number;
}

const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

/** Reads the start of a window as locksmithd does: `04:00`, or `Thu 04:00`, the day in any case. */
export function parseStart(text: string): WindowStart | undefined {
  const match = /^(?:([A-Za-z]{3}) +)?(\d{1,2}):(\d{2})$/.exec(text);
  if (match === null) return undefined;
  const [hour, minute] = [Number(match[2]), Number(match[3])];
  if (hour > 23 || minute > 59) return undefined;
  const start = { minute: hour * 60 + minute };
  if (match[1] === undefined) return start;
  const day = DAYS.indexOf(match[1].toLowerCase());
  return day < 0 ? undefined : { ...start, day };
}

const UNIT_MINUTES: Readonly<Record<string, number>> = { h: 60, m: 1, s: 1 / 60 };

/** Reads a length, `1h30m`, in minutes; undefined for what Go does not read as a duration in h, m and s, and for none. */
export function parseLength(text: string): number | undefined {
  if (!/^(?:\d{1,6}(?:\.\d{1,6})?[hms])+$/.test(text)) return undefined;
  let minutes = 0;
  for (const [, number, unit = ''] of text.matchAll(/([\d.]+)([hms])/g)) {
    minutes += Number(number) * (UNIT_MINUTES[unit] ?? 0);
  }
  return minutes > 0 ? minutes : undefined;
}

/** Who gets an error: a booting machine, a caller of the operator API alone, or a start or a command that it ends. */
type Audience = 'machine' | 'operator' | 'start';

/** Everything there is to say about one error code. The texts are plain: no Markdown, no HTML, no line breaks. */
export interface ProblemKind {
  readonly status: 400 | 401 | 403 | 404 | 406 | 409 | 412 | 416 | 503;
  readonly title: string;
  readonly audience: Audience;
  /** Whose fault it is, as it stands in a table. */
  readonly fault: string;
  /** What it says about the request, the site or the service. */
  readonly meaning: string;
  /** What to do about it. */
  readonly remedy: string;
  /** Sections of other pages in docs/ that say more: their title, page and anchor. */
  readonly see?: readonly (readonly [title: string, target: string])[];
}

/** What an error does to whoever gets it, in one sentence. */
export function effectOf({ audience, status }: ProblemKind): string {
  switch (audience) {
    case 'operator':
      return 'Only the operator API answers it.';
    case 'start':
      return 'No machine gets it: it ends a command or a start with exit code 1.';
    case 'machine':
      return status === 503 ? 'The machine waits and asks again.' : 'The machine stops.';
  }
}

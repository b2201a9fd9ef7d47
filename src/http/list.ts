import { Ajv2020 } from 'ajv/dist/2020.js';
import type { FastifySchemaCompiler } from 'fastify';
import { type TObject, type TProperties, Type } from 'typebox';
import { ProvisioningError } from '../errors.ts';

/** Entries of one answer, unless the query says otherwise. */
const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1000;

/** The longest value of a query key: a revision's id and two numbers, or a profile's id. */
const MAX_VALUE = 256;

const AFTER = {
  minLength: 1,
  maxLength: MAX_VALUE,
  description: '`next` of the answer before; without it the list begins at its start',
};

const PAGE = {
  limit: Type.Optional(
    Type.Integer({ minimum: 1, maximum: MAX_LIMIT, default: DEFAULT_LIMIT, description: 'Entries at most' }),
  ),
  after: Type.Optional(Type.String(AFTER)),
};

/** The query of a list: its filters and the page that is asked for. Any other key is refused. */
export function listQuery<T extends TProperties>(filters: T): TObject<T & typeof PAGE> {
  return Type.Object({ ...filters, ...PAGE }, { additionalProperties: false });
}

/** The same for a list whose cursor is a position in a list of a certain name. */
export function positionalQuery<T extends TProperties>(filters: T): TObject<T & typeof PAGE> {
  const cursor = Type.Optional(Type.String({ ...AFTER, pattern: CURSOR.source }));
  return Type.Object({ ...filters, ...PAGE, after: cursor }, { additionalProperties: false });
}

/** The name of a list and a position in it. */
const CURSOR = /^([0-9a-f]+\.[0-9]+)\.([0-9]{1,9})$/;

/** A filter that takes an id. */
export function idFilter(description: string) {
  return Type.Optional(Type.String({ minLength: 1, maxLength: MAX_VALUE, description }));
}

/** What an answer of a list has beside its entries. */
export const PAGE_FIELDS = {
  total: Type.Integer({ description: 'Entries that the filters let pass, on all pages' }),
  next: Type.Optional(
    Type.String({ description: 'What `after` has to be for the entries that follow; absent at the end' }),
  ),
};

const ajv = new Ajv2020({ coerceTypes: true, verbose: true, strict: false });

/** Checks the query of a list, in which numbers and truth values are text. */
export const checkListQuery: FastifySchemaCompiler<object> = ({ schema }) => ajv.compile(schema);

/** Which part of a list is asked for. */
export interface PageQuery {
  readonly limit?: number;
  readonly after?: string;
}

/** One page of a list. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly about: { readonly total: number; readonly next?: string };
}

/** One page of a list that is sorted by id. An id that is gone meanwhile still tells where to go on. */
export function pageById<T extends { readonly id: string }>(sorted: readonly T[], query: PageQuery): Page<T> {
  const { after } = query;
  const start = after === undefined ? 0 : sorted.findIndex(({ id }) => id > after);
  return cut(sorted, start < 0 ? sorted.length : start, query, (last) => last.id);
}

/**
 * One page of what passes in a list whose entries have no id, so that the cursor is a position in the whole list. It
 * counts only as long as the list has the same `name`, which changes with the list. Throws `revision-not-found` for a
 * cursor of another list.
 */
export function pageByPosition<T>(
  list: readonly T[],
  name: string,
  passes: (item: T) => boolean,
  query: PageQuery,
): Page<T> {
  const first = query.after === undefined ? 0 : positionIn(query.after, name);
  const passing = list.flatMap((item, position) => (passes(item) ? [{ item, position }] : []));
  const start = passing.findIndex(({ position }) => position >= first);
  const page = cut(passing, start < 0 ? passing.length : start, query, ({ position }) => `${name}.${position + 1}`);
  return { ...page, items: page.items.map(({ item }) => item) };
}

function cut<T>(list: readonly T[], start: number, query: PageQuery, cursor: (last: T) => string): Page<T> {
  const end = start + (query.limit ?? DEFAULT_LIMIT);
  const items = list.slice(start, end);
  const last = items.at(-1);
  const more = end < list.length && last !== undefined;
  return { items, about: { total: list.length, ...(more ? { next: cursor(last) } : {}) } };
}

function positionIn(after: string, name: string): number {
  const [, of, position] = CURSOR.exec(after) ?? [];
  if (of === name && position !== undefined) return Number(position);
  throw new ProvisioningError(
    'revision-not-found',
    'the list has changed since the answer that `after` is from; ask again without it',
  );
}

import type { Dialect } from '../dialect.ts';
import { lines } from '../dialect.ts';
import type { Folder, Leaf } from '../tree.ts';
import { CLOUDSTACK_NAMES } from './cloudstack.ts';
import { COMMON } from './common.ts';

/** Exoscale has a value for each name, and clients that take 404 for a fault; what is not known is empty. */
const EXOSCALE_NAMES: Folder = Object.fromEntries(
  Object.entries<Leaf>(CLOUDSTACK_NAMES).map(([name, read]): [string, Leaf] => [
    name,
    (instance) => read(instance) ?? '',
  ]),
);

/** Exoscale. */
export const EXOSCALE: Dialect = {
  ...COMMON,
  name: 'exoscale',
  platforms: ['exoscale'],
  userData: { path: /^\/1\.0\/user-data$/, encoding: 'plain' },
  documents: [],
  trees: [{ prefix: /^\/1\.0\/meta-data(?=\/|$)/, tree: EXOSCALE_NAMES, list: lines }],
};

import type { Dialect } from '../dialect.ts';
import { lines } from '../dialect.ts';
import { COMMON } from './common.ts';
import { EC2_NAMES, EC2_TREE } from './ec2-tree.ts';

/** Outscale, in the way of EC2 and without tokens. */
export const OUTSCALE: Dialect = {
  ...COMMON,
  name: 'outscale',
  platforms: ['outscale'],
  userData: { path: /^\/latest\/user-data$/, encoding: 'plain' },
  documents: [],
  trees: [{ prefix: /^\/latest\/meta-data(?=\/|$)/, tree: { ...EC2_NAMES, ...EC2_TREE }, list: lines }],
};

import type { Dialect } from '../dialect.ts';
import { lines } from '../dialect.ts';
import { COMMON, KEYS } from './common.ts';

/** UpCloud. */
export const UPCLOUD: Dialect = {
  ...COMMON,
  name: 'upcloud',
  platforms: ['upcloud'],
  userData: { path: /^\/metadata\/v1\/user_data$/, encoding: 'plain' },
  documents: [],
  trees: [
    {
      prefix: /^\/metadata\/v1(?=\/|$)/,
      tree: {
        hostname: ({ hostname }) => hostname,
        instance_id: ({ id }) => id,
        public_keys: KEYS,
        region: ({ region }) => region,
      },
      list: lines,
    },
  ],
};

import type { Group } from './revision.ts';

/** The report for a group that names a profile which does not exist. */
export function missingProfile(id: string, origin: Group['origin']) {
  return {
    severity: 'error',
    code: 'reference',
    message: `there is no profile ${id}`,
    path: '$.profile',
    origin,
  } as const;
}

/** Exit codes: fine, faults of the site or the run, wrong usage. */
export const EXIT = { fine: 0, faults: 1, usage: 2 } as const;

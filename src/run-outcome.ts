/** What may become of one run of butane: a config, a refusal of the document, or a fault of butane itself. */
export const RUN_OUTCOMES = ['ok', 'refused', 'timeout', 'panic', 'killed', 'failed'] as const;

/** What became of one run of butane; `failed` is what none of the others is. */
export type RunOutcome = (typeof RUN_OUTCOMES)[number];

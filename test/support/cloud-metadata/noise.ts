import { createHash } from 'node:crypto';

/** 64,000 characters that neither butane nor a cloud makes much shorter. */
export const NOISE = Array.from({ length: 500 }, (_, index) =>
  createHash('sha512').update(String(index)).digest('hex'),
).join('');

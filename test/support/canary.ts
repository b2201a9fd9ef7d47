import assert from 'node:assert/strict';

/** A secret that stands in for all secrets. It means the same in YAML, TOML, JSON, URLs and headers. */
export const CANARY = 'canary5ec2e7SingsInTheMine';

/** The secret in every spelling in which it could get out: as it is, in another case, in hex, in base64. */
const SPELLINGS: readonly string[] = [CANARY, Buffer.from(CANARY).toString('hex'), ...base64Spellings(CANARY)].map(
  (text) => text.toLowerCase(),
);

/** What base64 makes of a text depends on how many bytes come before it; what its neighbours change is left out. */
function base64Spellings(text: string): readonly string[] {
  return [0, 1, 2].map((before) => {
    const encoded = Buffer.concat([Buffer.alloc(before), Buffer.from(text)]).toString('base64');
    return encoded.slice(before === 0 ? 0 : before + 1, -4);
  });
}

/** True when a text tells the secret. */
export function tellsCanary(text: string): boolean {
  const lower = text.toLowerCase();
  return SPELLINGS.some((spelling) => lower.includes(spelling));
}

/** Fails when a text tells the secret; `where` says which text it is. */
export function assertNoCanaryIn(text: string, where: string): void {
  const lower = text.toLowerCase();
  const at = SPELLINGS.map((spelling) => lower.indexOf(spelling)).find((index) => index >= 0);
  if (at !== undefined) assert.fail(`${where} tells the secret: ...${text.slice(Math.max(0, at - 300), at + 60)}...`);
}

/** Fails when anything that a service has logged so far tells the secret. */
export function assertNoCanary(service: { readonly log: readonly unknown[] }): void {
  for (const line of service.log) assertNoCanaryIn(JSON.stringify(line), 'a line of the log');
}

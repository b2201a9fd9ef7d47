/** What became of a detached signature. */
export type SignatureVerdict =
  | { readonly ok: true; readonly fingerprints: readonly string[] }
  | { readonly ok: false; readonly reason: string };

/** What gpgv says on its status descriptor (GnuPG, doc/DETAILS), the most telling first. */
const REASONS: readonly (readonly [word: string, reason: (argument: string) => string])[] = [
  ['BADSIG', () => 'the signature is not of what the file holds'],
  ['REVKEYSIG', (key) => `the key ${key} was revoked`],
  ['EXPKEYSIG', (key) => `the key ${key} has expired`],
  ['EXPSIG', () => 'the signature has expired'],
  ['NO_PUBKEY', (key) => `the key ${key} is not in the keyring`],
  ['NODATA', () => 'this is no signature'],
  ['ERRSIG', (key) => `the signature with the key ${key} cannot be checked`],
];

/** Judges what gpgv said: good is a signature only when all of the file's signatures are, and none of the keys is over. */
export function judgeStatus(status: string, exitCode: number | undefined): SignatureVerdict {
  const words = status
    .split('\n')
    .flatMap((line) => (line.startsWith('[GNUPG:] ') ? [line.slice('[GNUPG:] '.length).split(' ')] : []));
  for (const [word, reason] of REASONS) {
    const said = words.find(([first]) => first === word);
    if (said !== undefined) return { ok: false, reason: reason(keyOf(said[1])) };
  }
  const fingerprints = words.filter(([first]) => first === 'VALIDSIG').map(([, key]) => keyOf(key));
  if (exitCode === 0 && fingerprints.length > 0) return { ok: true, fingerprints };
  return { ok: false, reason: `gpgv ended with ${exitCode ?? 'a signal'} and said nothing of a good signature` };
}

function keyOf(text: string | undefined): string {
  return /^[0-9A-F]{8,64}$/i.test(text ?? '') ? String(text) : 'of the signature';
}

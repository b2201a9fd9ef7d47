const ARMOR = /-----BEGIN PGP PUBLIC KEY BLOCK-----\r?\n(.*?)-----END PGP PUBLIC KEY BLOCK-----/gs;

/**
 * The bytes of public keys, of which gpgv reads no other form: armored ones (RFC 9580, 6.2), also several in a row, are
 * decoded, and anything else is given as it is. The checksum of an armor is optional and is not looked at, since keys are
 * signed themselves.
 */
export function dearmorKeys(content: Buffer): Buffer {
  const blocks = [...content.toString('latin1').matchAll(ARMOR)];
  if (blocks.length === 0) return content;
  return Buffer.concat(
    blocks.map(([, block = '']) => {
      const lines = block.split(/\r?\n/);
      const body = lines.slice(lines.indexOf('') + 1).filter((line) => !line.startsWith('='));
      return Buffer.from(body.join(''), 'base64');
    }),
  );
}

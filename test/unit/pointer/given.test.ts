import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { ProvisioningError } from '../../../src/errors.ts';
import { readAuthorities } from '../../../src/pointer/certificates.ts';
import { dataUrl } from '../../../src/pointer/data-url.ts';
import { readHeaderName } from '../../../src/pointer/header.ts';
import { readAuthoritiesFile, readHeaders } from '../../../src/pointer/pointer-file.ts';
import { CERTIFICATE } from '../../support/certificate.ts';
import { scratchDirectory } from '../../support/site.ts';

const SECRET = 'correct-horse-battery-staple';
const KEY = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

describe('a file of authorities', () => {
  test('gives its certificates, without what is between them and without repeats', () => {
    const text = `Certificate:\n    Data: a comment\n${CERTIFICATE}\n# again\n${CERTIFICATE.replaceAll('\n', '\r\n')}`;
    assert.deepEqual(readAuthorities(text, 'ca.pem'), [CERTIFICATE]);
  });

  const cases: readonly (readonly [title: string, text: string, problem: RegExp])[] = [
    ['with nothing', '', /^ca\.pem holds no certificate in PEM$/],
    ['with text', SECRET, /^ca\.pem holds no certificate in PEM$/],
    ['with a private key', `${CERTIFICATE}${KEY}`, /^ca\.pem holds a private key/],
    [
      'with a public key',
      `${CERTIFICATE}-----BEGIN PUBLIC KEY-----\nAA==\n-----END PUBLIC KEY-----\n`,
      /no certificate: number 2$/,
    ],
    [
      'with damage',
      CERTIFICATE.replace('MIIB', 'MIIC'),
      /^ca\.pem holds a certificate that cannot be parsed: number 1$/,
    ],
    ['that is cut', CERTIFICATE.slice(0, -10), /^ca\.pem holds no certificate in PEM$/],
    ['with too many', CERTIFICATE.repeat(33), /^ca\.pem holds more than 32 certificates$/],
  ];
  for (const [title, text, problem] of cases) {
    test(`${title} is refused, and not quoted`, () => {
      assert.throws(
        () => readAuthorities(text, 'ca.pem'),
        (error) => {
          assert.ok(error instanceof ProvisioningError && error.code === 'config-invalid');
          assert.match(error.message, problem);
          return true;
        },
      );
    });
  }

  test('that is not there is named', async () => {
    await assert.rejects(
      readAuthoritiesFile('/nonexistent/ca.pem'),
      /^[^:]+: \/nonexistent\/ca\.pem cannot be read: it does not exist$/,
    );
  });
});

test('a data URL is the shorter one of two, and decodes to the text', async () => {
  for (const text of [CERTIFICATE, '\n'.repeat(12), 'grüße', 'plain']) {
    const url = dataUrl(text);
    assert.ok(url.length <= `data:;base64,${Buffer.from(text).toString('base64')}`.length);
    assert.equal(await (await fetch(url)).text(), text);
  }
  assert.match(dataUrl(CERTIFICATE), /^data:,/);
  assert.match(dataUrl('\n'.repeat(12)), /^data:;base64,/);
});

describe('a header', () => {
  const given = async (t: TestContext, content: string | Buffer) => {
    const file = join(await scratchDirectory(t), 'value');
    await writeFile(file, content);
    return file;
  };

  test('has its value in a file, without the line feed at the end', async (t) => {
    for (const end of ['', '\n', '\r\n']) {
      const file = await given(t, `Bearer ${SECRET}${end}`);
      assert.deepEqual(await readHeaders([`Authorization=${file}`]), [
        { name: 'Authorization', value: `Bearer ${SECRET}` },
      ]);
    }
  });

  const values: readonly (readonly [title: string, content: string | Buffer, problem: RegExp])[] = [
    ['nothing', '', / is empty$/],
    ['only a line feed', '\n', / is empty$/],
    ['two lines', `${SECRET}\nX-Other: 1`, / is no value of a header/],
    ['two line feeds', `${SECRET}\n\n`, / is no value of a header/],
    ['a blank in front', ` ${SECRET}`, / is no value of a header/],
    ['a NUL', `${SECRET}\0`, / is no value of a header/],
    ['letters beyond ASCII', `${SECRET}ü`, / is no value of a header/],
    ['too much', SECRET.repeat(400), / is larger than 8192 bytes$/],
  ];
  for (const [title, content, problem] of values) {
    test(`whose file holds ${title} is refused, and not quoted`, async (t) => {
      const file = await given(t, content);
      await assert.rejects(readHeaders([`X-Token=${file}`]), (error) => {
        assert.ok(error instanceof ProvisioningError && error.code === 'config-invalid');
        assert.match(error.message, problem);
        assert.ok(!JSON.stringify([error.message, error.cause, error.stack]).includes(SECRET));
        return true;
      });
    });
  }

  test('is refused where it cannot be set, or is no header', () => {
    for (const name of ['Host', 'accept', 'Accept-Encoding', 'connection', 'Content-Length', 'Transfer-Encoding']) {
      assert.throws(() => readHeaderName(name), new RegExp(`the header ${name} cannot be set: `));
    }
    for (const name of ['', 'a b', 'a:', 'ä', 'a\n', 'x'.repeat(129)]) {
      assert.throws(() => readHeaderName(name), /--header needs NAME=FILE/);
    }
    assert.equal(readHeaderName('toString'), 'toString');
  });

  test('is given once, with a file', async (t) => {
    const file = await given(t, SECRET);
    await assert.rejects(readHeaders([`X-A=${file}`, `x-a=${file}`]), /the header x-a was given twice/);
    await assert.rejects(readHeaders(['X-A=']), /--header X-A needs a file/);
    await assert.rejects(readHeaders(['X-A']), /--header needs NAME=FILE/);
    await assert.rejects(readHeaders(['X-A=/nonexistent']), /\/nonexistent cannot be read: it does not exist$/);
  });
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { checkCloud } from '../../../src/matchbox/cloud-config.ts';
import { inOneLine } from '../site/parsed-site.ts';

const NEITHER = 'cloud/c:1:1 error schema: the first line is neither `#cloud-config` nor `#!` with an interpreter';

describe('a cloud-config or a script:', () => {
  const cases: readonly (readonly [title: string, text: string, faults: RegExp | undefined])[] = [
    ['a cloud-config', '#cloud-config\nhostname: a\n', undefined],
    ['one with space behind its header', '#cloud-config \r\nhostname: a\n', undefined],
    ['one with nothing in it', '#cloud-config\n', undefined],
    ['a script, whatever is in it', '#!/bin/sh\nkey: [\n', undefined],
    ['neither', 'hostname: a\n', RegExp(`^${NEITHER.replace(/[!`]/g, '.')}$`)],
    ['nothing', '', /^cloud\/c:1:1 error schema/],
    ['a header that begins later', '\n#cloud-config\n', /^cloud\/c:1:1 error schema/],
    ['one that goes on', '#cloud-config-archive\n', /^cloud\/c:1:1 error schema/],
    ['one that is no YAML', '#cloud-config\nhostname: [a\nb: c\n', /^cloud\/c:\d+:\d+ error yaml-syntax/],
  ];
  for (const [title, text, faults] of cases) {
    test(title, () => {
      const found = checkCloud(Buffer.from(text), 'cloud/c').map(inOneLine);
      if (faults === undefined) assert.deepEqual(found, []);
      else assert.match(found.join('\n'), faults);
    });
  }
});

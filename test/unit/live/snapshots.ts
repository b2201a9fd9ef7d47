import { createHash } from 'node:crypto';
import type { Snapshot } from '../../../src/live/snapshot.ts';
import { fileTree } from '../../support/nodes.ts';
import { PLAIN, sourceTree } from '../site/parsed-site.ts';

/** A small snapshot with one of everything: documents, each kind of file, outcomes, contents, reports. */
export function smallSnapshot(documents: Readonly<Record<string, string | Buffer>> = {}): Snapshot {
  const body = Buffer.from('{"ignition":{"version":"3.4.0"}}\n');
  const sha512 = createHash('sha512').update(body).digest('hex');
  const content = { ok: true, body, specVersion: '3.4.0', sha512, entries: [] } as const;
  const origin = { file: 'profiles/web.bu', line: 1, column: 1 };
  return {
    site: '/srv/site',
    tree: sourceTree(
      { 'profiles/web.bu': PLAIN, 'profiles/bad.bu': 'x: [', ...documents },
      fileTree({ 'a/run': { run: '#!/bin/sh\n' }, 'a/link': { link: 'run' }, 'a/empty': '', a: null }),
    ),
    outcomes: new Map([
      ['web//', sha512],
      ['bad  ', undefined],
    ]),
    contents: [['["key",true]', content]],
    reports: [['a report', [{ severity: 'warning', code: 'site-file', message: 'über \u0000 all', origin }]]],
  };
}

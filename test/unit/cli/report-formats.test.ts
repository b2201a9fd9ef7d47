import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type CliReport, type FormatOptions, REPORT_FORMATS } from '../../../src/cli/report-formats.ts';

const OPTIONS: FormatOptions = {
  documents: new Map([['profiles/web.bu', Buffer.from('variant: fcos\nmod: 1\n')]]),
  colour: false,
  version: '1.2.3',
  site: 'my site',
};

const REPORT: CliReport = {
  diagnostic: {
    severity: 'error',
    code: 'butane',
    message: 'unused key mod',
    path: '$.mod',
    origin: { file: 'profiles/web.bu', line: 2, column: 1 },
    hint: 'check the spelling',
  },
  profile: 'web',
  group: 'node1',
};

const WARNING: CliReport = { diagnostic: { severity: 'warning', code: 'selection', message: 'careful' } };
const REMARK: CliReport = { diagnostic: { severity: 'info', code: 'butane', message: 'by the way' }, profile: 'web' };

function format(name: string, ...reports: readonly CliReport[]): string {
  const write = REPORT_FORMATS[name];
  assert.ok(write);
  return write(reports, OPTIONS);
}

test('there are four formats', () => {
  assert.deepEqual(Object.keys(REPORT_FORMATS).sort(), ['github', 'json', 'sarif', 'text']);
});

describe('text', () => {
  test('shows every report with what it came up for, an empty line between them', () => {
    assert.equal(
      format('text', REPORT, WARNING, REMARK),
      [
        'error: unused key mod',
        '  --> profiles/web.bu:2:1 ($.mod; profile web, group node1)',
        '  1 | variant: fcos',
        '  2 | mod: 1',
        '    | ^',
        '  3 |',
        '  hint: check the spelling',
        '',
        'warning: careful',
        '',
        'info: by the way',
        '  (profile web)',
        '',
      ].join('\n'),
    );
  });

  test('is nothing without reports', () => assert.equal(format('text'), ''));
});

describe('json', () => {
  test('has one object for each report, without what is not known', () => {
    assert.deepEqual(JSON.parse(format('json', REPORT, WARNING)), {
      reports: [
        {
          severity: 'error',
          code: 'butane',
          message: 'unused key mod',
          path: '$.mod',
          hint: 'check the spelling',
          file: 'profiles/web.bu',
          line: 2,
          column: 1,
          profile: 'web',
          group: 'node1',
        },
        { severity: 'warning', code: 'selection', message: 'careful' },
      ],
    });
  });

  test('is a document also without reports', () => {
    assert.deepEqual(JSON.parse(format('json')), { reports: [] });
    assert.ok(format('json').endsWith('}\n'));
  });
});

describe('github', () => {
  test('has one command for each report', () => {
    assert.equal(
      format('github', REPORT, WARNING, REMARK),
      [
        '::error file=my site/profiles/web.bu,line=2,col=1::unused key mod (check the spelling)',
        '::warning::careful',
        '::notice::by the way',
        '',
      ].join('\n'),
    );
  });

  test('lets no text of a site end a command or start another', () => {
    const text = '100%\r\n::set-env name=X::y,a:b\n::error::forged';
    const { diagnostic } = REPORT;
    const lines = format('github', {
      diagnostic: { ...diagnostic, message: text, hint: text, origin: { file: text, line: 1, column: 1 } },
    }).split('\n');
    assert.equal(lines.length, 2);
    assert.equal(lines[1], '');
    const escaped = '100%25%0D%0A::set-env name=X::y,a:b%0A::error::forged';
    const place = '100%25%0D%0A%3A%3Aset-env name=X%3A%3Ay%2Ca%3Ab%0A%3A%3Aerror%3A%3Aforged';
    assert.equal(lines[0], `::error file=my site/${place},line=1,col=1::${escaped} (${escaped})`);
  });
});

describe('sarif', () => {
  test('is SARIF 2.1.0 with one result for each report', () => {
    assert.deepEqual(JSON.parse(format('sarif', REPORT, WARNING, REMARK)), {
      $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
      version: '2.1.0',
      runs: [
        {
          tool: { driver: { name: 'pilotlight', version: '1.2.3', rules: [{ id: 'butane' }, { id: 'selection' }] } },
          columnKind: 'unicodeCodePoints',
          results: [
            {
              ruleId: 'butane',
              level: 'error',
              message: { text: 'unused key mod (check the spelling)' },
              locations: [
                {
                  physicalLocation: {
                    artifactLocation: { uri: 'my%20site/profiles/web.bu' },
                    region: { startLine: 2, startColumn: 1 },
                  },
                },
              ],
            },
            { ruleId: 'selection', level: 'warning', message: { text: 'careful' }, locations: [] },
            { ruleId: 'butane', level: 'note', message: { text: 'by the way' }, locations: [] },
          ],
        },
      ],
    });
  });

  test('writes a file as a URI reference', () => {
    const file = 'files/a b#c?d%e:ü\n.ign';
    const { diagnostic } = REPORT;
    const [result] = JSON.parse(
      format('sarif', { diagnostic: { ...diagnostic, origin: { file, line: 1, column: 1 } } }),
    ).runs[0].results;
    const { uri } = result.locations[0].physicalLocation.artifactLocation;
    assert.equal(decodeURIComponent(uri), `my site/${file}`);
    assert.match(uri, /^[\w/.%-]+$/);
  });

  test('names each rule once, in one order', () => {
    const rules = (...reports: readonly CliReport[]) =>
      JSON.parse(format('sarif', ...reports)).runs[0].tool.driver.rules;
    assert.deepEqual(rules(WARNING, REPORT, REMARK), [{ id: 'butane' }, { id: 'selection' }]);
  });

  test('is a run also without reports', () => {
    const [run] = JSON.parse(format('sarif')).runs;
    assert.deepEqual([run.results, run.tool.driver.rules], [[], []]);
  });
});

test('no format lets a site act on a terminal', () => {
  const hostile = 'a\u001b[2J\u001b]0;title\u0007\u009b31mb\u007f\u0000';
  const { diagnostic } = REPORT;
  const report: CliReport = { diagnostic: { ...diagnostic, message: hostile, path: hostile, hint: hostile } };
  for (const name of Object.keys(REPORT_FORMATS)) {
    const acts = /(?![\n\t])\p{Cc}/u.exec(format(name, report))?.[0];
    assert.equal(acts?.codePointAt(0), undefined, name);
  }
});

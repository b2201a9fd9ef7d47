import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask, assertProblem, startTestService } from '../support/service.ts';
import { writeSite } from '../support/site.ts';

const HEAD = 'variant: fcos\nversion: 1.5.0\nstorage:\n  files:\n';
const inline = (text: string) => `${HEAD}    - path: /a\n      contents: { inline: ${text} }\n`;
const block = (text: string) => `${HEAD}    - path: /a\n      contents:\n        inline: ${text}\n`;

/** What a label says in a template: the content of the file then, or undefined where the machine is refused. */
const CASES: readonly (readonly [title: string, template: string, label: string, content: string | undefined])[] = [
  ['a plain text', block('{{.request.query.x}}'), 'node-1.example', 'node-1.example'],
  ['a plain text of two words', block('{{.request.query.x}}'), 'To be filled', 'To be filled'],
  ['a space at the end', block('{{.request.query.x}}'), 'S1 ', 'S1'],
  ['a quote inside', block('{{.request.query.x}}'), `it's`, `it's`],
  ['a bracket inside', block('{{.request.query.x}}'), 'a]b}c', 'a]b}c'],
  ['another key', block('{{.request.query.x}}'), 'a\n    - path: /etc/evil', undefined],
  ['another key behind a carriage return', block('{{.request.query.x}}'), 'a\r    - path: /etc/evil', undefined],
  ['a mapping', block('{{.request.query.x}}'), 'a: b', undefined],
  ['a comment', block('{{.request.query.x}}'), 'a #b', undefined],
  ['an alias', block('{{.request.query.x}}'), '*a', undefined],
  ['an anchor', block('{{.request.query.x}}'), '&a b', undefined],
  ['a tag', block('{{.request.query.x}}'), '!!binary aGk=', undefined],
  ['a list', block('{{.request.query.x}}'), '[a]', undefined],
  ['a text in quotes', block('{{.request.query.x}}'), '"a"', undefined],
  ['the end of a flow mapping', inline('{{.request.query.x}}'), 'a }, mode: 0777, x: { y: z', undefined],
  ['the end of a quote', inline('"{{.request.query.x}}"'), 'a", verification: { hash: x }, b: "', undefined],
  [
    'what would end one, in a block',
    block('|\n          {{.request.query.x}}'),
    '", }, ] #: & * !',
    '", }, ] #: & * !\n',
  ],
  ['a line break in a block', block('|\n          {{.request.query.x}}'), 'a\nevil: b', undefined],
  [
    'a text that is quoted by the template',
    block('{{printf "%q" .request.query.x}}'),
    'a: "b" # c\n- d',
    'a: "b" # c\n- d',
  ],
  ['another key in a variable', block('{{$x := .request.query.x}}{{$x}}'), 'a\nevil: b', undefined],
  ['another key that printf puts in', block('{{printf "a%s" .request.query.x}}'), 'a\nevil: b', undefined],
  ['a label that is not used', block('{{.name}}'), 'a\nevil: b', 'n'],
  ['a label that only decides', block('{{if eq .request.query.x "a: b"}}yes{{else}}no{{end}}'), 'a: b', 'yes'],
  ['a text of the author that the label says too', block('|\n          {{.text}}'), ': ', 'a: b\n'],
  ['a label in a comment', `# {{.request.query.x}}\n${block('a')}`, 'a: b', 'a'],
  ['another line in a comment', `# {{.request.query.x}}\n${block('a')}`, 'a\nevil: b', undefined],
  ['a template that is at fault whatever the label', '{{.request.query.x}}: [', 'a: b', 'broken'],
];

test('A label is never more than a value in the YAML of a config:', async (t) => {
  const files = CASES.map(([, template], index) => ({
    [`groups/g${index}.json`]: JSON.stringify({
      profile: `p${index}`,
      selector: { case: `${index}` },
      metadata: { name: 'n', text: 'a: b' },
    }),
    [`profiles/p${index}.json`]: JSON.stringify({ id: 'p', ignition_id: `t${index}` }),
    [`ignition/t${index}`]: template,
  }));
  const service = await startTestService(t, { site: await writeSite(t, Object.assign({}, ...files)) });
  if (service === undefined) return;
  for (const [index, [title, , label, content]] of CASES.entries()) {
    await t.test(title, async () => {
      const answer = await ask(service.machine, `/ignition?case=${index}&x=${encodeURIComponent(label)}`);
      if (content === undefined) {
        const detail = assertProblem(answer, 400, 'label-invalid');
        assert.equal(detail, 'the template puts x into its YAML, where the text is more than a value');
      } else if (content === 'broken') assertProblem(answer, 503, 'profile-broken');
      else {
        assert.equal(answer.status, 200, answer.body.toString());
        const { source } = JSON.parse(answer.body.toString()).storage.files[0].contents;
        assert.equal(await (await fetch(source)).text(), content);
      }
    });
  }
});

test('A label that the selector of the group says was written by its author', async (t) => {
  const site = await writeSite(t, {
    'groups/g.json': JSON.stringify({ profile: 'p', selector: { list: '[/a, /b]' } }),
    'profiles/p.json': '{"id":"p","ignition_id":"t"}',
    'ignition/t': 'variant: fcos\nversion: 1.5.0\nkernel_arguments: { should_exist: {{.list}} }\n',
  });
  const service = await startTestService(t, { site });
  if (service === undefined) return;
  const { status, body } = await ask(service.machine, `/ignition?list=${encodeURIComponent('[/a, /b]')}`);
  assert.deepEqual([status, JSON.parse(body.toString()).kernelArguments], [200, { shouldExist: ['/a', '/b'] }]);
});

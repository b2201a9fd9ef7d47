import fc from 'fast-check';
import type { JsonValue } from '../../../src/go-template/go-template.ts';
import { joined, repeated, weighted, wordOf } from './arbitraries.ts';
import { operand, pipeline } from './expressions.ts';
import { data } from './values.ts';

/** A template, and what it is executed with. */
export interface FuzzCase {
  readonly template: string;
  readonly data: JsonValue;
}

/** Every template starts with these, so that there are variables to use. */
const VARIABLES = '{{$x := 1.5}}{{$y := .}}';

const text = weighted(
  [5, fc.constantFrom('', ' ', '\n', '\t', ' \n ', 'a', 'key: ', '- ', '}}', '"', 'é', '日本', '🔥', ' { ')],
  [1, fc.string({ maxLength: 6 }).map((drawn) => drawn.replaceAll('{', ''))],
);
const open = fc.constantFrom('{{', '{{', '{{', '{{- ', '{{ ');
const close = fc.constantFrom('}}', '}}', '}}', ' -}}', ' }}');
const nothing = fc.constant('');

function action(...inside: readonly (fc.Arbitrary<string> | string)[]): fc.Arbitrary<string> {
  return joined(open, ...inside, close);
}

const rangeStart = weighted(
  [8, fc.constantFrom('', '$x := ', '$i, $x := ', '$x = ', '$y, $x = ')],
  [1, fc.constantFrom('$i, $x ', '$i, ', '$i, $x, $y := ', '$new = ')],
);
const ranged = weighted(
  [
    6,
    fc.constantFrom('.list', '.map', '.deep.words', '3', '.nul', '(slice .list 1)', '$y', '(len .s)', '.v', '$.list'),
  ],
  [1, operand],
);
const odd = fc.constantFrom('{{/* c */}}', ' {{- /* c\n */ -}} ', '{{template "t" .}}', '{{template "t"}}');
const faulty = fc.constantFrom('{{template "none"}}', '{{$new = 1}}', '{{break}}', '{{end}}', '{{define "q"}}{{end}}');
const end = action('end');
const jump = weighted([1, action(wordOf('break continue'))], [2, joined(action('if ', operand), '{{break}}{{end}}')]);

const { body: drawnBody } = fc.letrec<Record<string, string>>((tie) => ({
  body: repeated(4, tie('node')),
  loop: repeated(3, weighted([5, tie('node')], [1, jump])),
  if: joined(action('if ', pipeline), tie('body'), weighted([2, nothing], [1, joined('{{else}}', tie('body'))]), end),
  chain: joined(
    joined(action('if ', pipeline), tie('body'), action('else if ', pipeline), tie('body')),
    joined(action('else'), tie('body'), end),
  ),
  with: joined(
    joined(
      action('with ', pipeline),
      tie('body'),
      action(weighted([1, fc.constant('else')], [1, joined('else with ', pipeline)])),
    ),
    joined(tie('body'), end),
  ),
  range: joined(
    joined(action('range ', rangeStart, ranged), tie('loop')),
    joined(weighted([4, nothing], [2, joined(action('else'), tie('body'))], [1, joined('{{else}}', tie('loop'))]), end),
  ),
  // Blocks of one name with other bodies are a fault, so there are some names.
  block: joined(action('block ', wordOf('"b1" "b2" "b3" "b4" "b5" `b6`'), ' ', pipeline), VARIABLES, tie('body'), end),
  node: weighted(
    [16, text],
    [32, action(pipeline)],
    [3, odd],
    [1, faulty],
    [8, tie('if')],
    [3, tie('chain')],
    [6, tie('with')],
    [12, tie('range')],
    [2, tie('block')],
  ),
}));
const body = drawnBody ?? nothing;

const defined = weighted([3, body], [1, fc.constant('{{with .list}}<{{template "t" (slice . 1)}}>{{end}}')]);
const defines = joined(
  weighted([1, nothing], [2, joined('{{define "t"}}', VARIABLES, defined, '{{end}}')]),
  weighted([12, nothing], [1, joined('{{define ', wordOf('"t" "u" "" `b1`'), '}}', VARIABLES, body, '{{end}}')]),
);
const whole = joined(VARIABLES, body, defines);

const splice = fc.constantFrom(
  ...['', '}}', '{{', ' ', '(', ')', '|', '.', '$', '"', '`', "'", '-', '{{end}}', '{{else}}', ':=', ',', '0', 'x'],
  ...['\n', '\\', '%', '/*', '*/', '\u0000', 'é', ' -}}', '{{- ', 'i', '_', '+'],
);

/** A template with a place in it damaged: some characters replaced by others. */
const damaged = fc.tuple(whole, fc.nat(), fc.nat({ max: 4 }), splice).map(([source, at, length, put]) => {
  const start = at % (source.length + 1);
  return source.slice(0, start) + put + source.slice(start + length);
});

/** Templates that mostly parse and often end well, one in six of them damaged, and values to execute them with. */
export const fuzzCase: fc.Arbitrary<FuzzCase> = fc.record({
  template: weighted([5, whole], [1, damaged]),
  data,
});

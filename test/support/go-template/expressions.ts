import fc from 'fast-check';
import { joined, spaced, upTo, weighted, wordOf } from './arbitraries.ts';
import { dataNumber, dataText } from './values.ts';

const integer = wordOf("0 1 2 3 1 2 -1 +2 0x10 0b11 0o17 017 1_0 'a' '\\n' '日' '\\xff' -0");
const bigInteger = wordOf(
  '9223372036854775807 -9223372036854775808 18446744073709551615 0xFFFFFFFF 255 1000000 0x1F525',
);
const float = fc.oneof(
  wordOf('1.0 1.5 -0.0 1e3 1e6 1E-7 .5 5. 0x1p-2 0x1.8p3 1_0.5 -0xE 1e21 42.0 1e308 2.5 0.000123456'),
  dataNumber.map((number) => (/[.e]/.test(String(number)) ? String(number) : `${number}.0`)),
);
const complex = wordOf('1i 1+2i -1.5-2i 0i 1e3+0x1p2i');
const constant = weighted([1, wordOf('true false nil')], [1, bigInteger], [1, complex]);
/** What looks like a constant. */
const strange = wordOf(
  '089 0x 1__0 _1 1e 9223372036854775808 1e999 \'ab\' \'\' "\\q" 0b2 1+2 0x1.8 + --1 "a\nb" 0x_1 0x1_p1',
);
const string = fc.oneof(
  wordOf('"" "a" "b" "s" "missing" "é" "\\x41\\u00e9\\U0001F525\\101\\"" "\\xff\\xc3" `raw\\n` `"` "%v" "x\\ty"'),
  dataText.map((text) => JSON.stringify(text)),
  dataText.map((text) => `\`${text.replaceAll('`', '')}\``),
);

const none = fc.constant('');
const directive = joined(
  '%',
  upTo(2, fc.constantFrom('+', '-', '#', ' ', '0')).map((flags) => flags.join('')),
  weighted([12, none], [1, wordOf('[1] [2] [3] [0] [x] [ [1')]),
  weighted([4, none], [1, wordOf('1 5 12 20 * 70')]),
  weighted([4, none], [1, wordOf('. .0 .1 .3 .10 .20 .* .[2]* .30')]),
  weighted([16, none], [1, wordOf('[1] [2] [9]')]),
  wordOf('v v v v s s s d d d q q x X o O b c U e E f F g G t T w z é % !'),
);
const format = fc
  .array(weighted([4, directive], [1, fc.constantFrom(' ', 'x', '%%', '%', 'é')]), { minLength: 1, maxLength: 3 })
  .map((parts) => `"${parts.join('')}"`);

const path = wordOf('. .s .n .i .b .nul .list .map .deep.x.y .deep.words .v $ $x $y $.s $.list $.map $.deep.x');
const badPath = wordOf('.missing .s.t .nul.x $z $.x.y .map.a .map.nope .é $x.s ..s true.x nil foo');
const operator = wordOf('eq ne lt le gt ge');

const { operand: drawnOperand, pipeline: drawnPipeline } = fc.letrec<Record<string, string>>((tie) => ({
  operand: weighted(
    [48, path],
    [20, string],
    [16, integer],
    [12, float],
    [10, constant],
    [1, badPath],
    [1, strange],
    [28, joined('(', tie('pipeline'), ')')],
    [2, joined('(', tie('pipeline'), ').a')],
  ),
  call: weighted(
    [5, spaced('printf', format, upTo(3, tie('operand')))],
    [4, spaced(wordOf('print println html js urlquery'), upTo(3, tie('operand')))],
    [3, spaced(wordOf('and or'), tie('operand'), upTo(2, tie('operand')))],
    [2, spaced(operator, tie('operand'), tie('operand'))],
    [2, spaced(operator, wordOf('.n .i 1.0 $.n'), float)],
    [2, spaced(operator, wordOf('.s "a" $.s'), string)],
    [1, spaced(operator, fc.constantFrom('(len .s)', '1', '(index "abc" 1)'), integer)],
    [3, spaced('not', tie('operand'))],
    [2, spaced('len', wordOf('.s .list .map .deep "é" $y .v'))],
    [3, spaced(wordOf('index slice'), wordOf('.s .list .deep.words "abc" $y'), upTo(3, integer))],
    [2, spaced('index', wordOf('.map . $ .deep'), wordOf('"a" "nope" "s" "x" .s'))],
    [1, spaced(wordOf('index slice eq call not len printf and lt'), upTo(3, tie('operand')))],
  ),
  command: weighted([3, tie('operand')], [4, tie('call')], [0, spaced(tie('operand'), tie('operand'))]),
  stage: weighted(
    [3, wordOf('print html js urlquery len not println or')],
    [1, fc.constantFrom('index .list', 'slice .s', 'eq 1.0', 'eq "a"')],
    [2, spaced('printf', format)],
    [2, tie('call')],
  ),
  pipeline: weighted(
    [6, tie('command')],
    [2, joined(tie('command'), ' | ', tie('stage'))],
    [1, spaced(wordOf('$x $y'), wordOf(':= ='), tie('command'))],
  ),
}));

/** One argument: a path, a constant or a pipeline in parentheses. */
export const operand: fc.Arbitrary<string> = drawnOperand ?? none;

/** What may stand between the delimiters of an action, and mostly parses. */
export const pipeline: fc.Arbitrary<string> = drawnPipeline ?? none;

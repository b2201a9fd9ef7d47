import { type CaseGroup, EVERYTHING } from './group.ts';

const raw = String.raw;
const VERBS = 'vTtbcdoOqxXUeEfFgGspwz%'.split('');
const INTEGERS = [
  '0',
  '42',
  '-42',
  "'a'",
  '0x1F525',
  '-1',
  '9223372036854775807',
  '-9223372036854775808',
  '(index "a" 0)',
];
const FLOATS = [
  '.half',
  '.zero',
  '.negative',
  '.million',
  '.huge',
  '.tiny',
  '123456.789',
  '-0.0',
  '5e-324',
  '1.7e308',
  '0.1',
];
const STRINGS = ['.text', '.empty', '.accents', raw`"a\"b\\\n\t\x00\x7f"`, raw`"\xff\u00ad\ufeff"`, '"`"'];
const OTHERS = ['true', 'nil', '1.5-2i', '.mixed', '.map', '.none', '.nomap'];

function formats(directives: readonly string[], values: readonly string[]): readonly string[] {
  return directives.flatMap((directive) => values.map((value) => `{{printf "${directive}" ${value}}}`));
}

/** printf: every verb for every kind, flags, widths and precisions, and what is wrong with a format. */
export const FORMATS: readonly CaseGroup[] = [
  {
    subject: 'every verb for every kind',
    data: EVERYTHING,
    // A list and an object have an address, which %p would print.
    templates: VERBS.flatMap((verb) => {
      const values = [
        '42',
        '.half',
        '.text',
        'true',
        'nil',
        '1i',
        '(index "a" 0)',
        ...(verb === 'p' ? [] : ['.mixed', '.map']),
      ];
      return formats([`%${verb}`], values);
    }),
  },
  {
    subject: 'verbs for integers',
    data: EVERYTHING,
    templates: [
      ...formats(
        ['%+d', '%6d', '%-6d|', '%06d', '%+06d', '% d', '%.3d', '%8.3d', '%08.3d', '%.0d', '%5.0d'],
        INTEGERS.slice(0, 4),
      ),
      ...formats(
        ['%x', '%X', '%#x', '%#X', '%b', '%#b', '%o', '%#o', '%O', '%#v', '%+q', '%q', '%c', '%U', '%#U'],
        INTEGERS,
      ),
      ...formats(
        ['%#08x', '%-#8x|', '%+x', '%8c', '%-8c|', '%08q', '%10U', '%-10U|', '%.6U', '%#.6U', '%020b', '%#20b'],
        ['42', '-1'],
      ),
      ...formats(['%70d', '%.70d', '%#.70o', '%+.70O'], ['42']),
    ],
  },
  {
    subject: 'verbs for floats',
    data: EVERYTHING,
    templates: [
      ...formats(
        ['%v', '%g', '%G', '%e', '%E', '%f', '%x', '%X', '%b', '%.3g', '%.0f', '%.2f', '%.1e', '%#g', '%#v'],
        FLOATS,
      ),
      ...formats(
        ['%.3x', '%.0x', '%#x', '%#.3g', '%#.0f', '%#e', '%.20f', '%.30g', '%.0g', '%#.3x', '%#X', '%.20x'],
        FLOATS.slice(0, 7),
      ),
      ...formats(
        ['%8.2f', '%-8.2f|', '%08.2f', '%+.2f', '%+08.2f', '% .2f', '% 08.2f', '%-08.2f|', '%20v', '%020v'],
        FLOATS.slice(0, 3),
      ),
      ...formats(['%.0f', '%.1f', '%.0e'], ['0.5', '1.5', '2.5', '0.25', '0.35', '0.05', '9.5', '99.95', '0.04']),
    ],
  },
  {
    subject: 'verbs for strings',
    data: EVERYTHING,
    templates: [
      ...formats(['%s', '%q', '%+q', '%#q', '%#+q', '%x', '%X', '% x', '%#x', '%# x', '%#v', '%+v', '%T'], STRINGS),
      ...formats(
        ['%10s', '%-10s|', '%010s', '%.2s', '%10.2s', '%.7s', '%.0s', '%10q', '%.2q', '%-10q|', '%.3x', '%12x'],
        STRINGS.slice(0, 3),
      ),
      ...formats(['%-12x|', '%012x', '% 12x', '%#-12x|', '%5T', '%.3T', '%-5v|'], STRINGS.slice(0, 2)),
    ],
  },
  {
    subject: 'verbs for other kinds',
    data: EVERYTHING,
    templates: [
      ...formats(
        ['%v', '%+v', '%#v', '%T', '%d', '%s', '%q', '%x', '%5v', '%-5v|', '%05v', '%.1v', '%t', '%6t', '%e', '%w'],
        OTHERS,
      ),
      ...formats(['%#d', '%+d', '%06.1f', '%+.1f', '%#x', '% x', '%U'], OTHERS),
    ],
  },
  {
    subject: 'formats with and without faults',
    data: EVERYTHING,
    templates: [
      '{{printf "%d"}}',
      '{{printf "%d %d" 1}}',
      '{{printf "%d" 1 2}}',
      '{{printf "%d" 1 "a" nil .list}}',
      '{{printf "none" 1}}',
      '{{printf ""}}',
      '{{printf "" 1}}',
      '{{printf "%"}}',
      '{{printf "100%"}}',
      '{{printf "% "}}',
      '{{printf "%5"}}',
      '{{printf "%-"}}',
      '{{printf "%." 1}}',
      '{{printf "%.d" 1}}',
      '{{printf "%%"}}',
      '{{printf "%5%|%-5%|%.2%"}}',
      '{{printf "%é" 1}}',
      '{{printf "%\\xff" 1}}',
      '{{printf "%!" 1}}',
      '{{printf "%z %d" 1 2}}',
      '{{printf "%[1]d %[1]v" 1}}',
      '{{printf "%[2]d %[1]d" 1 2}}',
      '{{printf "%[2]d %d" 1 2 3}}',
      '{{printf "%[3]d" 1 2}}',
      '{{printf "%[0]d" 1}}',
      '{{printf "%[x]d" 1}}',
      '{{printf "%[]d" 1}}',
      '{{printf "%[1" 1}}',
      '{{printf "%[" 1}}',
      '{{printf "%[1]" 1}}',
      '{{printf "%[1][2]d" 1 2}}',
      '{{printf "%[-1]d" 1}}',
      '{{printf "%[1]5d|%[1]-5d|" 1}}',
      '{{printf "%5[1]d|%-5[1]d|" 1}}',
      '{{printf "%[1]*d|" 5 1}}',
      '{{printf "%[2]*[1]d|" 1 5}}',
      '{{printf "%.[2]*[1]f|" 1.5 3}}',
      '{{printf "%[3]*.[2]*[1]f|" 12.0 2 6}}',
      '{{printf "%[1].2f" 1.5}}',
      '{{printf "%*d|" 5 1}}',
      '{{printf "%-*d|" 5 1}}',
      '{{printf "%*d|" -5 1}}',
      '{{printf "%0*d|" -5 1}}',
      '{{printf "%.*f|" 2 1.5}}',
      '{{printf "%.*f|" -2 1.5}}',
      '{{printf "%*d" "x" 1}}',
      '{{printf "%*d" 1.5 1}}',
      '{{printf "%.*d" nil 1}}',
      '{{printf "%*d"}}',
      '{{printf "%*d" 5}}',
      '{{printf "%*d" 10000000 1}}',
      '{{printf "%123456789d" 1}}',
      '{{printf "%.123456789d|" 1}}',
      '{{printf "%*d|" (index "\\x05" 0) 1}}',
      '{{printf "%+-#0 5d|" 1}}',
      '{{printf "%--5d|" 1}}',
      '{{printf "%5-d" 1}}',
      '{{printf "%lld" 1}}',
      '{{printf "%s %v" nil nil}}',
      '{{printf "%5v|%-5v|%5s" nil nil nil}}',
      '{{printf .format "a" 1}}',
      '{{printf 1}}',
      '{{printf nil}}',
      '{{printf .nul}}',
      '{{printf .n "x"}}',
      '{{printf .list}}',
      '{{printf}}',
      '{{printf (print "%" "d") 1}}',
      '{{printf (len .text) 1}}',
      '{{printf true}}',
      '{{printf `%s\n` .text}}',
      '{{printf "%v %v" .list (index .map "none")}}',
      '{{printf "%d items" (len .list)}}',
      '{{printf "%d" .n}}',
      '{{printf "%.0f" .n}}',
      '{{printf "%s" .n}}',
      '{{printf "%03.0f" .n}}',
    ],
  },
];

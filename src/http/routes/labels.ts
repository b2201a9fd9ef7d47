import { Type } from 'typebox';
import { LABEL_LIMITS } from '../../machine/label.ts';

/** What the document says of a label: the same as `normaliseLabel`, as far as a pattern can; that one has the say. */
const VALUE = {
  maxLength: LABEL_LIMITS.valueLength,
  pattern: '^[^\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029\\ufffd]*$',
};

const HEX = '[0-9a-fA-F]';
const BLANK = '\\s*';
const octets = (separator: string) =>
  [5, 7, 19].map((more) => `${HEX}{1,2}(?:${separator}${HEX}{1,2}){${more}}`).join('|');
const MAC = `${octets(':')}|${octets('-')}|${HEX}{4}(?:\\.${HEX}{4}){2,3}|${HEX}{4}(?:\\.${HEX}{4}){9}|(?:${HEX}{2}){6}|(?:${HEX}{2}){8}|(?:${HEX}{2}){20}`;
const UUID = `\\{?${HEX}{8}-?${HEX}{4}-?${HEX}{4}-?${HEX}{4}-?${HEX}{12}\\}?`;

const label = (description: string, example: string, pattern = VALUE.pattern) =>
  Type.Optional(Type.String({ description, examples: [example], ...VALUE, pattern }));

/** An empty value is an absent label, whatever its key. */
const maybe = (pattern: string) => `^(?:${BLANK}|${pattern})$`;

const address = (description: string) =>
  Type.Optional(
    Type.String({
      description,
      examples: ['192.0.2.7'],
      anyOf: [{ format: 'ipv4' }, { format: 'ipv6' }, { maxLength: 0 }],
    }),
  );

/** Labels of any other key, as a schema. */
export const FREE_LABELS = {
  propertyNames: { maxLength: LABEL_LIMITS.keyLength, pattern: '^[A-Za-z0-9_][A-Za-z0-9_./-]*$' },
  maxProperties: LABEL_LIMITS.count,
  additionalProperties: { type: 'string', ...VALUE },
};

/** The labels of a machine as query keys, for the machine API, which takes the address from the connection. */
export const LabelsSchema = Type.Object(
  {
    mac: label(
      'MAC address in any usual spelling; one that does not parse is refused',
      '52:54:00:a1:9c:ae',
      maybe(MAC),
    ),
    uuid: label('SMBIOS UUID', '4c4c4544-0035-4d10-8054-b4c04f4d3132', maybe(UUID)),
    serial: label('Serial number', 'B4C0M12'),
    hostname: label('Host name', 'node1.example.com'),
    arch: label('Architecture; x86_64 and aarch64 are read as amd64 and arm64', 'x86_64'),
  },
  {
    additionalProperties: Type.String({ ...VALUE, description: 'Any other key is a free label' }),
  },
);

/** The same for boot loaders, which are told on their console what is wrong with a label, since they show no error's body. */
export const BootLabelsSchema = Type.Object(
  {
    uuid: Type.Optional(
      Type.String({ description: 'SMBIOS UUID', examples: ['4c4c4544-0035-4d10-8054-b4c04f4d3132'] }),
    ),
    mac: Type.Optional(Type.String({ description: 'MAC address', examples: ['52-54-00-a1-9c-ae'] })),
    serial: Type.Optional(Type.String({ description: 'Serial number' })),
    hostname: Type.Optional(Type.String({ description: 'Host name' })),
    arch: Type.Optional(Type.String({ description: 'Architecture', examples: ['x86_64'] })),
  },
  { additionalProperties: Type.String({ description: 'Any other key is a free label; an empty one is absent' }) },
);

/** The same for the operator API, where a person may ask for a machine at an address. */
export const OperatorLabelsSchema = Type.Object(
  { ...LabelsSchema.properties, ip: address('The address that the machine would come from') },
  {
    additionalProperties: Type.String({ ...VALUE, description: 'Any other key is a free label' }),
  },
);

/** A profile's or group's id in a path. But for the router's bound, one that cannot be is one that does not exist. */
export const IdSchema = Type.String({
  description: 'The id, which is the file name without its ending',
  examples: ['worker'],
  maxLength: 256,
});

/** Takes a query as it came: `parseMachine` checks it, and says better than a schema what is wrong. */
export function acceptAll(): () => true {
  return () => true;
}

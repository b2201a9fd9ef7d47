import { Type } from 'typebox';
import { LABEL_LIMITS } from '../../machine/label.ts';

const label = (description: string) => Type.Optional(Type.String({ description, maxLength: LABEL_LIMITS.valueLength }));

/** The labels of a machine as query keys, for the machine API, which takes the address from the connection. */
export const LabelsSchema = Type.Object(
  {
    mac: label('MAC address in any usual spelling; one that does not parse is refused'),
    uuid: label('SMBIOS UUID'),
    serial: label('Serial number'),
    hostname: label('Host name'),
    arch: label('Architecture; x86_64 and aarch64 are read as amd64 and arm64'),
  },
  {
    additionalProperties: Type.String({
      maxLength: LABEL_LIMITS.valueLength,
      description: 'Any other key is a free label',
    }),
  },
);

/** The same for the operator API, where a person may ask for a machine at an address. */
export const OperatorLabelsSchema = Type.Object(
  { ...LabelsSchema.properties, ip: label('The address that the machine would come from') },
  {
    additionalProperties: Type.String({
      maxLength: LABEL_LIMITS.valueLength,
      description: 'Any other key is a free label',
    }),
  },
);

/** A profile's or group's id in a path. It has no bounds: one that cannot be is one that does not exist. */
export const IdSchema = Type.String({ description: 'The id, which is the file name without its ending' });

/** Takes a query as it came: `parseMachine` checks it, and says better than a schema what is wrong. */
export function acceptAll(): () => true {
  return () => true;
}

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DIALECTS, findRivalDialects } from '../../../src/metadata/dialects.ts';

/** Where the Ignition of each dialect asks for user data, as its source has it. */
const USER_DATA: Readonly<Record<string, string>> = {
  akamai: '/v1/user-data',
  aliyun: '/latest/user-data',
  aws: '/2019-10-01/user-data',
  azure: '/metadata/instance/compute/userData',
  cloudstack: '/latest/user-data',
  digitalocean: '/metadata/v1/user-data',
  exoscale: '/1.0/user-data',
  gcp: '/computeMetadata/v1/instance/attributes/user-data',
  hetzner: '/hetzner/v1/userdata',
  openstack: '/openstack/latest/user_data',
  oraclecloud: '/opc/v2/instance/metadata/user_data',
  outscale: '/latest/user-data',
  packet: '/userdata',
  scaleway: '/user_data/cloud-init',
  upcloud: '/metadata/v1/user_data',
  vultr: '/user-data/user-data',
};

describe('a dialect', () => {
  test('has user data where its client asks for it', () => {
    assert.deepEqual(
      DIALECTS.map(({ name }) => name),
      Object.keys(USER_DATA),
    );
    for (const { name, userData } of DIALECTS) assert.match(USER_DATA[name] ?? '', userData.path, name);
  });

  test('of a client that takes 404 for the end lets it stop, and every other has it wait', () => {
    const stopping = DIALECTS.filter(({ unknown }) => unknown === 'stop').map(({ name }) => name);
    assert.deepEqual(stopping, ['akamai', 'digitalocean', 'packet']);
  });

  test('is the rival of what has its paths', () => {
    const rivals: string[] = [];
    for (const { name: first } of DIALECTS) {
      for (const { name: second } of DIALECTS) {
        if (first < second && findRivalDialects([first, second]) !== undefined) rivals.push(`${first} ${second}`);
      }
    }
    assert.deepEqual(rivals, [
      'akamai vultr',
      'aliyun aws',
      'aliyun cloudstack',
      'aliyun openstack',
      'aliyun outscale',
      'aws cloudstack',
      'aws openstack',
      'aws outscale',
      'cloudstack openstack',
      'cloudstack outscale',
      'digitalocean upcloud',
      'openstack outscale',
    ]);
    assert.deepEqual(findRivalDialects(['aws', 'gcp', 'openstack']), ['aws', 'openstack']);
  });

  test('is no rival of itself, nor of what is no dialect', () => {
    assert.equal(findRivalDialects(DIALECTS.slice(0, 1).flatMap(({ name }) => [name, name])), undefined);
    assert.equal(findRivalDialects(['aws', 'other']), undefined);
    assert.equal(findRivalDialects([]), undefined);
  });
});

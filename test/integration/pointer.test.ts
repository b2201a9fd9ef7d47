import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { PLATFORM_IDS } from '../../src/pointer/platforms.ts';
import { readContract } from '../support/contract.ts';
import { ask, assertProblem, PUBLIC_URL, startTestService, type TestService } from '../support/service.ts';
import { butaneProfile, EXAMPLE_SITE, writeSite } from '../support/site.ts';

const MAC = '52:54:00:a1:9c:ae';
const PATH = '/v1/profiles/{id}/pointer';

async function asked(service: TestService, query: string) {
  const answer = await ask(service.operator, `/v1/profiles/worker/pointer${query}`);
  (await readContract())(PATH, answer);
  assert.equal(answer.status, 200);
  return JSON.parse(answer.body.toString());
}

test('The operator API makes a pointer to what the machine gets', async (t) => {
  const service = await startTestService(t, { site: EXAMPLE_SITE });
  if (service === undefined) return;
  const url = `${PUBLIC_URL}/ignition/worker?mac=52-54-00-a1-9c-ae&rack=r7`;
  const made = await asked(service, `?mac=${MAC}&rack=r7&pin=true&http_total=60&platform=openstack`);
  const config = JSON.parse(made.content);
  const served = await ask(service.machine, url.slice(PUBLIC_URL.length));
  assert.equal(`"${config.ignition.config.replace.verification.hash}"`, served.headers.etag);
  assert.equal(config.ignition.config.replace.source, url);
  assert.deepEqual(config.ignition.timeouts, { httpTotal: 60 });
  assert.deepEqual([made.url, made.specVersion, made.encoding, made.limit.of], [url, '3.0.0', 'plain', 'base64']);
  assert.equal(made.bytes, Buffer.from(made.content).toString('base64').length);
  assert.equal(made.pin.specVersion, '3.4.0');
  assert.equal(made.remarks.length, 1);

  const older = await asked(service, `?mac=${MAC}&rack=r7&pin=true&spec=3.3.0`);
  assert.notEqual(older.pin.sha512, made.pin.sha512);
  const butane = await asked(service, '?format=butane&variant=fcos&merge=true');
  assert.match(butane.content, /^variant: "fcos"\nversion: "1\.0\.0"\n[\s\S]* merge:\n/);
  const wrapped = await asked(service, '?platform=vmware&wrap=true&encoding=gzip%2Bbase64');
  assert.match(wrapped.content, /^(?:.{76}\n)+.{1,76}\n$/);
  for (const platform of PLATFORM_IDS) await asked(service, `?platform=${platform}`);
});

test('A pointer that cannot be made is a problem that says why', async (t) => {
  const service = await startTestService(t, { site: EXAMPLE_SITE });
  if (service === undefined) return;
  const cases: readonly (readonly [query: string, status: number, code: string, detail: RegExp])[] = [
    ['?platform=cloud', 400, 'request-invalid', /platform must be one of akamai/],
    ['?platform=toString', 400, 'request-invalid', /platform must be one of/],
    ['?platform=', 400, 'request-invalid', /platform must be one of/],
    ['?format=xml', 400, 'request-invalid', /format must be one of user-data, ignition, butane/],
    ['?encoding=rot13', 400, 'request-invalid', /encoding must be one of/],
    ['?variant=rhcos', 400, 'request-invalid', /variant must be one of/],
    ['?pin=1', 400, 'request-invalid', /pin must be one of true, false/],
    ['?pin=true&pin=true', 400, 'request-invalid', /pin was given twice/],
    ['?http_total=-1', 400, 'request-invalid', /http_total must be whole seconds/],
    ['?spec=3', 400, 'request-invalid', /spec must be a version/],
    ['?wrap=true', 400, 'request-invalid', /only base64 can be wrapped/],
    ['?platform=hetzner&encoding=base64', 400, 'request-invalid', /only as plain/],
    ['?mac=zz', 400, 'label-invalid', /the label mac is not/],
    ['?pin=true', 404, 'parameter-missing', /hostname/],
    [`?pin=true&spec=3.0.0&mac=${MAC}`, 406, 'spec-not-acceptable', /up to 3\.0\.0/],
    ['?format=butane&spec=3.0.0', 406, 'spec-not-acceptable', /flatcar gives 3\.3\.0/],
    [`?platform=aws&${long(31)}`, 400, 'pointer-too-large', /more than the 16384 that aws takes/],
  ];
  for (const [query, status, code, detail] of cases) {
    const answer = await ask(service.operator, `/v1/profiles/worker/pointer${query}`);
    assert.match(assertProblem(answer, status, code), detail);
  }
  assertProblem(await ask(service.operator, '/v1/profiles/nope/pointer'), 404, 'profile-not-found');
});

test('A service that nobody can reach makes no pointers', async (t) => {
  const service = await startUnreachable(t);
  if (service === undefined) return;
  const answer = await ask(service.operator, '/v1/profiles/web/pointer');
  assert.match(assertProblem(answer, 503, 'config-invalid'), /--public-url/);
});

async function startUnreachable(t: TestContext): Promise<TestService | undefined> {
  const site = await writeSite(t, { 'profiles/web.bu': butaneProfile('flatcar', '1.1.0') });
  return startTestService(t, { site, publicUrl: 'http://0.0.0.0:8080' });
}

/** Labels whose values take three characters of a pointer for each of a request, which has less room than a pointer. */
function long(count: number): string {
  return Array.from({ length: count }, (_, index) => `l${index}=${'~'.repeat(256)}`).join('&');
}

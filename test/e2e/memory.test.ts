import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectLeanClient, type LeanClient } from '../../bench/lean-client.ts';
import { afterTest } from '../support/after-test.ts';
import { eventually } from '../support/service.ts';
import { type ServiceProcess, startServiceProcess } from '../support/service-process.ts';
import { writeSite } from '../support/site.ts';

const MACHINES = 1000;
const REQUESTS = 100_000;
const SAMPLE_EVERY = 10_000;

/**
 * Most that the service without its helper may hold resident, and how much of that may come in the last half: the heap
 * grows in steps of some MiB before garbage is collected, and a leak of 200 bytes for each request is more than a step.
 */
const MIB = 120;
const GROWTH = 0.08;

const PROFILE = `
layers: [fragments/base.bu, fragments/host.bu.liquid]
parameters: { type: object, required: [hostname], properties: { hostname: { type: string, format: hostname } } }
`;

const BASE = `
variant: flatcar
version: 1.1.0
storage: { files: [{ path: /etc/flatcar/enabled-sysext.conf, contents: { inline: overlaybd } }] }
`;

const HOST = 'storage: { files: [{ path: /etc/hostname, contents: { inline: "{{ parameters.hostname }}" } }] }\n';

test('A hundred thousand requests of a thousand machines, each with its own config, leave the service small', async (t) => {
  const machines = Array.from({ length: MACHINES }, (_, index) => index);
  const site = await writeSite(t, {
    'profiles/node.yaml': PROFILE,
    'fragments/base.bu': BASE,
    'fragments/host.bu.liquid': HOST,
    ...Object.fromEntries(machines.map((index) => [`groups/node${index}.yaml`, groupOf(index)])),
  });
  const service = await startServiceProcess(t, { site });
  if (service === undefined) return;
  await eventually(() => service.log().some((line) => line.msg === 'the site was checked'), 60_000);
  const clients = await Promise.all(Array.from({ length: 16 }, () => connectLeanClient(new URL(service.machine))));
  afterTest(t, () => clients.forEach((client) => void client.close()));

  const samples: number[] = [];
  for (let asked = 0; asked < REQUESTS; asked += SAMPLE_EVERY) {
    await askAll(clients, asked);
    samples.push((await service.memory()).now);
  }
  const { peak } = await service.memory();
  t.diagnostic(`MiB resident: ${samples.map(Math.round).join(', ')}; at most ${Math.round(peak)}`);
  assert.ok(Math.max(...samples) < MIB, `${samples} MiB`);
  const lastHalf = samples.slice(samples.length / 2);
  assert.ok(growth(lastHalf) < GROWTH, `it grows by ${growth(lastHalf)} of its size: ${lastHalf}`);
  await assertAnswers(service);
});

async function askAll(clients: readonly LeanClient[], from: number): Promise<void> {
  let next = from;
  const work = async (client: LeanClient) => {
    while (next < from + SAMPLE_EVERY) {
      const index = next % MACHINES;
      next += 1;
      await client.get(`/ignition?mac=${macOf(index)}`);
    }
  };
  await Promise.all(clients.map(work));
}

/** What a line through the samples, by least squares, gains from the first to the last, as a part of their mean. */
function growth(samples: readonly number[]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const middle = (samples.length - 1) / 2;
  const average = mean(samples);
  const slope =
    mean(samples.map((value, index) => (index - middle) * (value - average))) /
    mean(samples.map((_, index) => (index - middle) ** 2));
  return (slope * (samples.length - 1)) / average;
}

async function assertAnswers({ machine }: ServiceProcess): Promise<void> {
  for (const index of [0, MACHINES - 1]) {
    const answer = await fetch(`${machine}/ignition?mac=${macOf(index)}`);
    assert.match(await answer.text(), new RegExp(`"data:,node${index}"`));
  }
}

function groupOf(index: number): string {
  return `profile: node\nmatch: { mac: ${macOf(index)} }\nparameters: { hostname: node${index} }\n`;
}

function macOf(index: number): string {
  const last = index.toString(16).padStart(6, '0');
  return `52:54:00:${last.replace(/(..)(?=.)/g, '$1:')}`;
}

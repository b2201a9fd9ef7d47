import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { adoptLists, extensionList, file } from './adopted.ts';

const CTR = '/opt/overlaybd/snapshotter/ctr';

function unit(command: string, rest: object = {}) {
  const contents = `[Service]\nType=oneshot\nExecStart=${command}\n[Install]\nWantedBy=multi-user.target\n`;
  return { name: 'pull.service', enabled: true, contents, ...rest };
}

function pull(command: string, rest: object = {}, files: readonly object[] = []) {
  return adoptLists({ files: [extensionList('overlaybd'), ...files], units: [unit(command, rest)] });
}

function told(messages: readonly string[], message: RegExp): void {
  assert.ok(
    messages.some((each) => message.test(each)),
    messages.join('\n'),
  );
}

describe('a unit that pulls is an item of the block:', () => {
  const ref = 'r.example/team/app:1';
  const cases: readonly (readonly [string, object])[] = [
    [`${CTR} rpull ${ref}`, { ref }],
    [`${CTR} -n k8s.io rpull --snapshotter overlaybd ${ref}`, { ref, namespace: 'k8s.io' }],
    [
      `${CTR} --namespace=k8s.io rpull --snapshotter=overlaybd --download-blobs ${ref}`,
      { ref, namespace: 'k8s.io', downloadBlobs: true },
    ],
    [
      `-/usr/local/overlaybd/snapshotter/ctr rpull --plain-http "10.0.0.5:5000/app:2"`,
      { ref: '10.0.0.5:5000/app:2', plainHttp: true },
    ],
  ];
  for (const [command, item] of cases) {
    test(command, () => {
      const { block, layer, messages } = pull(command);
      assert.deepEqual(block.prepull, [item], messages.join('\n'));
      assert.equal(layer.systemd, undefined);
    });
  }
});

describe('a unit stays as it is:', () => {
  const cases: readonly (readonly [string, string, object, RegExp])[] = [
    ['in a shell', `/bin/sh -c '${CTR} rpull r.example/a:1'`, {}, /by way of another program/],
    [
      'with a flag that the block has not',
      `${CTR} rpull --hosts-dir /etc/containerd/certs.d r.example/a:1`,
      {},
      /nothing for --hosts-dir/,
    ],
    ['for another snapshotter', `${CTR} rpull --snapshotter nydus r.example/a:1`, {}, /another snapshotter/],
    ['with a variable', `${CTR} rpull -u \${U}:\${P} r.example/a:1`, {}, /from its environment/],
    ['without a tag', `${CTR} rpull r.example`, {}, /no full reference/],
    ['not enabled', `${CTR} rpull r.example/a:1`, { enabled: false }, /not enabled/],
    [
      'with drop-ins',
      `${CTR} rpull r.example/a:1`,
      { dropins: [{ name: 'a.conf', contents: '[Service]\nNice=1\n' }] },
      /has drop-ins/,
    ],
    ['with other commands', `${CTR} rpull r.example/a:1\nExecStartPost=/bin/touch /x`, {}, /other commands/],
    ['with words that are too many', `${CTR} rpull r.example/a:1 more`, {}, /cannot be told apart/],
    ['without a password', `${CTR} rpull -u me r.example/a:1`, {}, /names no password/],
  ];
  for (const [title, command, rest, message] of cases) {
    test(title, () => {
      const { block, layer, messages } = pull(command, rest);
      assert.equal(block.prepull, undefined);
      assert.ok(JSON.stringify(layer.systemd).includes('rpull'));
      told(messages, message);
    });
  }
});

test('a flag with a value in it is not told', () => {
  const { messages } = pull(`${CTR} rpull -ume:geheim r.example/a:1`);
  told(messages, /nothing for one of its flags/);
  assert.doesNotMatch(messages.join(), /geheim/);
});

test('a user without a password is told to fail', () => {
  told(pull(`${CTR} rpull -u me r.example/a:1`).messages, /asks for it on a terminal/);
});

test('a password in a command becomes a parameter for this one repository, and is told to be visible', () => {
  const { block, messages, value } = pull(`${CTR} rpull --user=me:geheim:2 docker.io/team/app:1`);
  assert.deepEqual(block.credentials, [
    {
      registry: 'registry-1.docker.io/team/app',
      username: 'me',
      password: '{{ parameters.registry_1_docker_io_team_app_password }}',
    },
  ]);
  assert.equal(value?.secrets[0]?.value, 'geheim:2');
  assert.doesNotMatch(`${value?.profile}${messages.join()}`, /geheim/);
  told(messages, /everybody on the machine can read/);
});

test('credentials that the machine has already are not given twice', () => {
  const json = JSON.stringify({ auths: { 'r.example/team': { username: 'a', password: 'b' } } });
  const cred = file('/opt/overlaybd/cred.json', json, { mode: 0o600 });
  const { block } = pull(`${CTR} rpull -u me:x r.example/team/app:1`, {}, [cred]);
  assert.equal((block.credentials as object[]).length, 1);
});

test('two pulls of one image are one, and those of one unit are all taken', () => {
  const { block } = pull(
    `${CTR} rpull r.example/a:1\nExecStart=${CTR} rpull r.example/a:1\nExecStart=${CTR} rpull r.example/b:1`,
  );
  assert.deepEqual(block.prepull, [{ ref: 'r.example/a:1' }, { ref: 'r.example/b:1' }]);
});

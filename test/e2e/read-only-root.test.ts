import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { type TestContext, test } from 'node:test';
import { killAfterTest } from '../support/after-test.ts';
import { freePort } from '../support/ports.ts';
import { requireProgram, requireRoot } from '../support/programs.ts';
import { ask, eventually } from '../support/service.ts';
import { scratchDirectory } from '../support/site.ts';

/** The user of the image. */
const USER = '65532';

/**
 * Runs the service as the image does: another user without privileges, and every file system read-only in a mount
 * namespace of its own, but for `writable`. Undefined when the test is skipped.
 */
async function serveReadOnly(t: TestContext, writable: string | undefined, flags: readonly string[]) {
  const unshare = requireProgram(t, 'unshare');
  if (unshare === undefined || !requireRoot(t) || requireProgram(t, 'setpriv') === undefined) return undefined;
  const butane = requireProgram(t, 'butane');
  if (butane === undefined) return undefined;
  // The checkout and Node.js may lie in a private home, so the user sees them at another place.
  const app = await scratchDirectory(t);
  const node = join(await scratchDirectory(t), 'node');
  await writeFile(node, '');
  await chmod(dirname(node), 0o755);
  const script = [
    'mount --make-rprivate / && mount --bind "$PWD" "$1" && mount --bind "$2" "$3" && cd "$1" || exit 99',
    'writable=$4; shift 4',
    'awk \'{ print $2 }\' /proc/mounts | while read -r place; do mount -o remount,bind,ro "$place" 2>/dev/null || :; done',
    `[ -z "$writable" ] || mount -t tmpfs -o mode=0750,uid=${USER},gid=${USER} tmpfs "$writable"`,
    `exec setpriv --reuid ${USER} --regid ${USER} --clear-groups --no-new-privs "$@"`,
  ].join('\n');
  const service = [node, join(app, 'dist/main.js'), 'serve', '--site', join(app, 'examples/site'), ...flags];
  const places = [app, process.execPath, node, writable ?? ''];
  const child = spawn(unshare, ['--mount', 'sh', '-c', script, 'sh', ...places, ...service], {
    env: { PATH: process.env.PATH ?? '', PILOTLIGHT_BUTANE: join(app, relative(process.cwd(), butane)) },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let printed = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    printed += text;
  });
  const ended = once(child, 'exit');
  killAfterTest(t, child);
  return { child, ended, printed: () => printed };
}

test('The service runs without privileges on a read-only root file system', async (t) => {
  const state = await scratchDirectory(t);
  const [port, operatorPort] = [await freePort(), await freePort()];
  const listeners = ['--listen', `127.0.0.1:${port}`, '--operator-listen', `127.0.0.1:${operatorPort}`];
  const service = await serveReadOnly(t, state, [...listeners, '--state-dir', state]);
  if (service === undefined) return;
  await eventually(async () => {
    assert.equal(service.child.exitCode, null, service.printed());
    return (await ask(`http://127.0.0.1:${operatorPort}`, '/readyz').catch(() => undefined))?.status === 200;
  });
  // This one reads files/, of which butane gets a copy.
  const { status, body } = await ask(`http://127.0.0.1:${port}`, '/ignition/fcos');
  assert.equal(status, 200, body.toString());
  const owner = /^Uid:\s+(\d+)/m.exec(await readFile(`/proc/${service.child.pid}/status`, 'utf8'))?.[1];
  assert.equal(owner, USER);
  service.child.kill('SIGTERM');
  assert.deepEqual(await service.ended, [0, null]);
});

test('Without a directory that can be written the start says so', async (t) => {
  const flags = ['--listen', '127.0.0.1:0', '--operator-listen', '127.0.0.1:0', '--state-dir', '/nowhere/state'];
  const service = await serveReadOnly(t, undefined, flags);
  if (service === undefined) return;
  assert.deepEqual(await service.ended, [1, null]);
  assert.match(
    service.printed(),
    /files\/ cannot be copied to \/nowhere\/state or \S+ \(E\w+\): set --state-dir or TMPDIR/,
  );
});

test('The image takes everything from the checkout that it names, and leaves the rest out', async () => {
  const dockerfile = await readFile('Dockerfile', 'utf8');
  const ignored = (await readFile('.dockerignore', 'utf8')).split('\n');
  const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap((match) => match[1]?.split(' ') ?? []);
  assert.ok(copied.includes('src') || copied.includes('./src'), copied.join(' '));
  assert.equal(ignored[0], '*', 'nothing is in the build context unless it is named');
  for (const source of copied) {
    await readFile(resolve(source)).catch((error: NodeJS.ErrnoException) => assert.equal(error.code, 'EISDIR', source));
    const named = ignored.some((line) => line.startsWith('!') && `${source}/`.startsWith(`${line.slice(1)}/`));
    assert.ok(named, `${source} is in the build context`);
  }
});

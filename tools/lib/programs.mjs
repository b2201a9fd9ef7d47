import { accessSync, constants, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { buildProgram } from './go-build.mjs';
import { root, ToolError } from './project.mjs';

const ignition = { folder: 'tools/ignition', module: 'github.com/coreos/ignition/v2' };

/** What is built, as upstream's own `build` script does it. */
const programs = {
  butane: { ...ignition, package: 'butane/internal', version: 'butane/internal/version.Raw', cgo: false },
  'ignition-validate': { ...ignition, package: 'validate', version: 'internal/version.Raw', cgo: false },
  ignition: { ...ignition, package: 'internal', version: 'internal/version.Raw', cgo: true },
};

/** Go's own text/template, for the tests of ours. */
const goTemplate = { folder: 'test/go-template', sources: ['go.mod', 'main.go'], cgo: false };

/** What matchbox takes from Go's standard library, for the tests of what we do instead. */
const goMatchbox = { folder: 'test/go-matchbox', sources: ['go.mod', 'main.go'], cgo: false };

const overlaybd = {
  folder: 'tools/go/overlaybd',
  module: 'github.com/containerd/accelerated-container-image',
  cgo: false,
};

/** The programs of OverlayBD that run without the kernel's target modules. */
const overlaybdPrograms = {
  'overlaybd-snapshotter': { ...overlaybd, package: 'cmd/overlaybd-snapshotter' },
  'overlaybd-ctr': { ...overlaybd, package: 'cmd/ctr' },
};

/**
 * Builds butane into .tools/bin, unless it is there already. Without a way to build it, a butane in PATH will do; with
 * neither, a ToolError says how to get one.
 */
export async function provideButane({ quiet, announce, notice }) {
  const fault = await buildProgram('butane', programs.butane, { quiet, announce });
  if (fault === undefined) return;
  const found = inSearchPath('butane');
  if (found === undefined) {
    throw new ToolError(
      `there is no butane, and it cannot be built: ${fault}\n` +
        'Any one of these helps:\n' +
        '  - install Go (https://go.dev/doc/install) and run this again: it builds the pinned butane\n' +
        '  - put a butane binary into PATH\n' +
        '  - name one: npm start -- --butane FILE',
    );
  }
  notice(`butane cannot be built (${fault}); using ${found}`);
}

/** Builds what only the tests use. What cannot be built is said; the tests that need it say so again. */
export async function provideTestPrograms(speech) {
  const { 'ignition-validate': validate, ignition: client } = programs;
  const wanted = {
    'ignition-validate': validate,
    ignition: client,
    'go-template': goTemplate,
    'go-matchbox': goMatchbox,
  };
  await provideAll({ ...wanted, ...containerPrograms() }, speech);
}

async function provideAll(wanted, { quiet, announce, notice }) {
  for (const [name, program] of Object.entries(wanted)) {
    const fault = await buildProgram(name, program, { quiet, announce });
    if (fault !== undefined) notice(`${name} cannot be built (${fault})`);
  }
}

/**
 * containerd and OverlayBD, for the tests that hold rendered configs against them. Each containerd takes a minute to
 * build, which is too long for every test run of somebody who changes something else. So they are built only where CI
 * is set, or where PILOTLIGHT_CONTAINERDS asks for them: `default` (what CI takes: the release that stable Flatcar ships,
 * and the newest), `all`, or releases, like `1.7,2.2`. The releases there are stand in tools/go/containerds.json.
 */
function containerPrograms() {
  const asked = process.env.PILOTLIGHT_CONTAINERDS || (process.env.CI ? 'default' : '');
  if (asked === '') return {};
  const releases = JSON.parse(readFileSync(join(root, 'tools/go/containerds.json'), 'utf8'));
  const all = [...releases.debian, ...releases.built];
  const named = { all, default: releases.default }[asked] ?? asked.split(',');
  const unknown = named.filter((release) => !all.includes(release));
  if (unknown.length > 0) {
    throw new ToolError(`PILOTLIGHT_CONTAINERDS is all, default or some of ${all.join()}, and not ${unknown.join()}`);
  }
  const built = named.filter((release) => releases.built.includes(release));
  return {
    ...overlaybdPrograms,
    ...Object.fromEntries(built.map((release) => [`containerd-${release}`, containerd(release)])),
  };
}

/** CRI stays in; the snapshotters that are left out need C libraries, or take long to compile. */
function containerd(release) {
  return {
    folder: `tools/go/containerd-${release}`,
    module: `github.com/containerd/containerd${release.startsWith('1.') ? '' : '/v2'}`,
    package: 'cmd/containerd',
    tags: ['no_btrfs', 'no_devmapper', 'no_zfs', 'no_aufs'],
    cgo: false,
  };
}

function inSearchPath(name) {
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

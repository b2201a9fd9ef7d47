const VERSION = /^(\d+)\.(\d+)\.(\d+)(?:-([0-9A-Za-z.-]+))?$/;

/** True for a version that butane takes: three numbers, and perhaps a pre-release such as `-experimental`. */
export function isVersion(text: string): boolean {
  return VERSION.test(text);
}

/**
 * Orders two versions by semantic versioning's rules, as far as butane has them: numbers by value, and a pre-release
 * before its release. Positive when `a` is newer.
 */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [parts(a), parts(b)];
  for (const index of [1, 2, 3]) {
    const difference = Number(left[index] ?? 0) - Number(right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  const [pre, other] = [left[4], right[4]];
  if (pre === other) return 0;
  if (pre === undefined || other === undefined) return pre === undefined ? 1 : -1;
  return pre < other ? -1 : 1;
}

function parts(version: string): readonly (string | undefined)[] {
  return VERSION.exec(version) ?? [];
}

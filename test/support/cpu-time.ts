/**
 * Milliseconds of processor time that this process has taken. What other processes do meanwhile counts little, so a bound
 * on it tells an algorithm that has come to take seconds from a machine that is busy.
 */
export function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

import type { Command } from 'commander';

/** The values of a flag that may be repeated, in order. */
export function collect(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, value];
}

/** The flags that name a site, for a command that starts no butane, or names it otherwise. */
export function withSiteOnly(command: Command): Command {
  return command
    .option('--site <dir>', 'the site directory (default site; PILOTLIGHT_SITE)')
    .option(
      '--site-format <format>',
      'how it is laid out: pilotlight, matchbox, or auto for what it looks like (default auto; PILOTLIGHT_SITE_FORMAT)',
    );
}

/** The flags that name a site and a butane. */
export function withSite(command: Command): Command {
  return withButane(withSiteOnly(command));
}

/** The flag that names the folder of assets. */
export function withAssets(command: Command): Command {
  return command.option(
    '--assets <dir>',
    'folder of kernels and initrds (default assets in the site; PILOTLIGHT_ASSETS)',
  );
}

/** The flag that names a butane. */
export function withButane(command: Command): Command {
  return command.option(
    '--butane <file>',
    'the butane binary (default: the built one, then the one in PATH; PILOTLIGHT_BUTANE)',
  );
}

/** The flags that say who a machine is. */
export function withLabels(command: Command): Command {
  return command
    .option('--mac <address>', 'the MAC address of the machine')
    .option('--uuid <uuid>', 'its SMBIOS UUID')
    .option('--serial <text>', 'its serial number')
    .option('--hostname <name>', 'its host name')
    .option('--arch <arch>', 'its architecture')
    .option('--ip <address>', 'its address')
    .option('--label <key=value>', 'any other label; repeatable', collect);
}

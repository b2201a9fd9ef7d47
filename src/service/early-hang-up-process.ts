/** Commands that take SIGHUP for a wish to read the site again. */
const RELOADING: ReadonlySet<string | undefined> = new Set(['serve', 'matchbox']);

// Until somebody listens to SIGHUP it ends the process, and what asks for a reload may ask before the program is loaded.
// The site is read later than that, so that nothing is missed.
if (RELOADING.has(process.argv[2])) process.on('SIGHUP', () => undefined);

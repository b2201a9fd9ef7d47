/*
 * Loaded into the service under test before anything else: collects garbage when asked to, so that the memory that is
 * measured is what the service holds on to, and not what the engine has not got round to yet.
 */
const { gc } = globalThis;
if (gc === undefined) throw new Error('the probe needs --expose-gc');
// A signal that the service does not know.
process.on('SIGWINCH', () => gc());

// Loaded before the service by start.mjs: the service has a session of its own, so when start.mjs is killed outright
// nothing else would tell the service to end, and it would hold its ports.
if (process.channel !== undefined) {
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
  // Waiting for this must not keep an otherwise finished process alive.
  process.channel.unref();
}

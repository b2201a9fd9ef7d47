import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { root, ToolError } from './project.mjs';

const running = new Set();
const endingSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
const graceMs = 5000;
let listening = false;

/**
 * Runs a program to its end and resolves to its exit code (128 + the number of the signal that ended it) and what it
 * printed where that was captured. What it prints goes to standard error; with `quiet` it is shown only when the run
 * fails, and with `output: 'inherit'` the program has the terminal for itself. Throws a ToolError only when the program
 * cannot be started.
 */
export async function run(command, args, { cwd = root, env = process.env, quiet = false, input, output } = {}) {
  endWithSignals();
  const streams = output === 'inherit' ? 'inherit' : quiet ? 'pipe' : process.stderr;
  const child = spawn(command, args, { cwd, env, stdio: [input === undefined ? 'ignore' : 'pipe', streams, streams] });
  running.add(child);
  const printed = [];
  child.stdout?.on('data', (chunk) => printed.push(chunk));
  child.stderr?.on('data', (chunk) => printed.push(chunk));
  // A program that ends without reading its input is judged by its exit code.
  child.stdin?.on('error', () => {});
  child.stdin?.end(input);
  try {
    const exitCode = await new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) => resolve(code ?? 128 + (constants.signals[signal] ?? 0)));
    });
    return { exitCode, printed: Buffer.concat(printed).toString() };
  } catch (error) {
    throw new ToolError(`cannot start ${command}: ${error.message}`, { cause: error });
  } finally {
    running.delete(child);
  }
}

/** Runs a program that must succeed: anything else is a ToolError that starts with `failure` and shows what it printed. */
export async function mustRun(failure, command, args, options = {}) {
  const { exitCode, printed } = await run(command, args, options);
  if (exitCode === 0) return printed;
  const shown = printed.trim() === '' ? '' : `\n${printed.trimEnd()}`;
  throw new ToolError(`${failure} (${command} ended with ${exitCode})${shown}`);
}

/** An interrupted tool takes its children along and then ends the way the shell expects it, with 128 + the signal. */
function endWithSignals() {
  if (listening) return;
  listening = true;
  for (const signal of endingSignals) {
    process.on(signal, () => {
      const exit = () => process.exit(128 + constants.signals[signal]);
      if (running.size === 0) exit();
      for (const child of running) {
        child.once('close', () => running.size === 0 && exit());
        child.kill(signal);
      }
      setTimeout(() => {
        for (const child of running) child.kill('SIGKILL');
        exit();
      }, graceMs).unref();
    });
  }
}

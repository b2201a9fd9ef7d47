import { fileURLToPath } from 'node:url';

/** The checkout: every path of these tools is relative to it, wherever they were started. */
export const root = fileURLToPath(new URL('../../', import.meta.url)).replace(/\/$/, '');

/** The oldest Node.js that runs the service; package.json's `engines` says the same. */
const oldestNode = [20, 19];

/** Refuses a Node.js that is too old, before anything else can fail in a way that does not say so. */
export function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > oldestNode[0] || (major === oldestNode[0] && minor >= oldestNode[1])) return;
  throw new ToolError(
    `this is Node.js ${process.versions.node}, and pilotlight needs ${oldestNode.join('.')} or newer: install one and try again`,
  );
}

/** A failure the reader can act on: printed as one message, without a stack. */
export class ToolError extends Error {
  /**
   * @param {string} message
   * @param {{ exitCode?: number, cause?: unknown }} [options]
   */
  constructor(message, options = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.exitCode = options.exitCode ?? 1;
  }
}

/** Prints to standard error, so that standard output stays with whatever the tool was started for. */
export function say(line) {
  process.stderr.write(`${line}\n`);
}

/** Runs a tool's main function: its number is the exit code, a ToolError ends with its message. */
export async function main(name, body) {
  try {
    process.exitCode = await body();
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    say(`${name}: ${error.message}`);
    process.exitCode = error.exitCode;
  }
}

/**
 * Flags of Node.js for the service. By default its young generation grows to 48 MiB under load and never shrinks again;
 * with 6 MiB answering costs the same.
 */
export const serviceFlags = ['--enable-source-maps', '--max-semi-space-size=2'];

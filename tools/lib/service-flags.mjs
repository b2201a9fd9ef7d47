/**
 * Flags of Node.js for the service. By default its young generation grows to 48 MiB under load and never shrinks again;
 * with 6 MiB answering costs the same. The bound on the old one is far above what is ever needed, and has garbage
 * collected before it is several times what lives.
 */
export const serviceFlags = ['--enable-source-maps', '--max-semi-space-size=2', '--max-old-space-size=1024'];

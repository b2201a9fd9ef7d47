/**
 * Flags of Node.js for the service. By default its young generation grows to 48 MiB under load and never shrinks again;
 * with 6 MiB answering costs the same. The bound on the old one is far above what is ever needed, and has garbage
 * collected before it is several times what lives.
 */
export const serviceFlags = [
  '--max-semi-space-size=2',
  '--max-old-space-size=1024',
  // For one full collection after each check of the site, which leaves up to 10 MiB of garbage.
  '--expose-gc',
  // What is hot is compiled for speed anyway; the code of the compilers in between takes 7 MiB, more when garbage is
  // collected late, and makes this service no faster. Since Node.js 22 there are two of them.
  '--no-sparkplug',
  ...(Number.parseInt(process.versions.node, 10) >= 22 ? ['--no-maglev'] : []),
];

/**
 * Environment of the service. The C library sets memory aside for each thread that ever allocated; the threads that read
 * files here need none of their own, and without it the service is 9 MiB smaller. Its bounds for what it gives back to
 * the system rise with the largest block that was ever freed, unless they are set.
 */
export const serviceEnvironment = {
  MALLOC_ARENA_MAX: '1',
  MALLOC_TRIM_THRESHOLD_: '65536',
  MALLOC_MMAP_THRESHOLD_: '65536',
};

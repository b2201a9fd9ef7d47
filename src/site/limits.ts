/** Bounds on what a site may hold; a site beyond them is refused with the limit named. */
export interface SiteLimits {
  /** Bytes of one profile, fragment, group or site.yaml. */
  readonly documentBytes: number;
  /** Bytes of one file under files/. */
  readonly fileBytes: number;
  /** Bytes of all of those together: what they say takes up to a hundred times as much memory. */
  readonly documentsBytes: number;
  /** Bytes of everything together. */
  readonly totalBytes: number;
  /** Files, links and directories together. */
  readonly entries: number;
  /** Folders within folders. */
  readonly depth: number;
}

/** Room for thousands of machines and a few large binaries; butane takes no document above 1 MiB from us. */
export const DEFAULT_SITE_LIMITS: SiteLimits = {
  documentBytes: 1024 * 1024,
  documentsBytes: 8 * 1024 * 1024,
  fileBytes: 8 * 1024 * 1024,
  totalBytes: 64 * 1024 * 1024,
  entries: 10_000,
  depth: 32,
};

/** A file that was opened once: whatever takes its name meanwhile, what is read is of this one. */
export interface Asset {
  readonly size: number;
  readonly modifiedAt: Date;
  /** Another one for each version of the file, by size, times of change and inode; it holds no name. */
  readonly version: string;
  /** Reads up to `length` bytes at a place into the beginning of `buffer`; resolves to how many, 0 at the end. */
  read(buffer: Buffer, length: number, position: number): Promise<number>;
  /** False once somebody has written into the file itself since it was opened. */
  isUnchanged(): Promise<boolean>;
  close(): Promise<void>;
}

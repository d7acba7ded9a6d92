let last = 0;

/** The resident memory of this process, bytes. Where the system does not say now (no more files may be opened), as it said last. */
export function readMemory(): number {
  try {
    last = process.memoryUsage.rss();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "EMFILE" && code !== "ENFILE") throw error;
  }
  return last;
}

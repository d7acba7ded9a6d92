import { statSync } from "node:fs";

/** The files of a store hold what is written only while they are those that were opened. */
export interface FileWatch {
  /** Throws where one is gone, or another stands in its place. Looks at most once a second while all is well. */
  check(): void;
}

const everyMs = 1_000;

export function watchFiles(path: string): FileWatch {
  const paths = [path, `${path}-wal`];
  const opened = new Map<string, bigint>();
  let checkedAt = -Infinity;
  return {
    check() {
      if (performance.now() - checkedAt < everyMs) return;
      for (const each of paths) {
        const ino = statSync(each, { bigint: true, throwIfNoEntry: false })?.ino;
        const known = opened.get(each);
        // The log comes with the first write.
        if (known === undefined && ino !== undefined) opened.set(each, ino);
        else if (known !== ino) throw new Error(`${each} was ${ino === undefined ? "removed" : "replaced"}`);
      }
      checkedAt = performance.now();
    },
  };
}

import { newline, type RowFound, type RowScanner } from "./scan.ts";

/** One row a line; lines of nothing but space are left out. */
export function createLineScanner(found: RowFound): RowScanner {
  let offset = 0;
  let from = 0;
  let line = 1;
  let empty = true;
  return {
    feed(bytes) {
      const { length } = bytes;
      for (let at = 0; at < length; at++) {
        const byte = bytes[at] as number;
        if (byte === newline) {
          if (!empty) found(from, offset + at, line, 1);
          from = offset + at + 1;
          line++;
          empty = true;
        } else if (byte > 32) empty = false;
      }
      offset += length;
    },
    end() {
      if (!empty) found(from, offset, line, 1);
    },
  };
}

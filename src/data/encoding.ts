/** Some of what `findEncoding` knows, for hints. */
export const knownEncodings = ["utf-8", "gbk", "gb18030", "big5", "shift_jis", "euc-kr", "euc-jp", "windows-1252"];

/** An encoding's own name from any of its names; null: it is not known. */
export function findEncoding(label: string): string | null {
  try {
    return new TextDecoder(label).encoding;
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/** Is a line end in it always the byte 10, whatever stands before it? */
export function decodesBytewise(encoding: string): boolean {
  return !encoding.startsWith("utf-16") && encoding !== "iso-2022-jp";
}

/** Bytes after which the next is no character of its own, even if it looks like ASCII (`|` in GBK); null: there are none. */
export function listLeadBytes(encoding: string): Uint8Array | null {
  const runs = leads[encoding];
  if (runs === undefined) return null;
  const marks = new Uint8Array(256);
  for (const [from, to] of runs) marks.fill(1, from, to + 1);
  return marks;
}

const leads: Readonly<Record<string, readonly (readonly [number, number])[]>> = {
  gbk: [[0x81, 0xfe]],
  gb18030: [[0x81, 0xfe]],
  big5: [[0x81, 0xfe]],
  "euc-kr": [[0x81, 0xfe]],
  shift_jis: [
    [0x81, 0x9f],
    [0xe0, 0xfc],
  ],
};

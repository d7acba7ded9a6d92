import type { ImportOptions } from "./importer.ts";

/** Bytes as UTF-8 text; null: they are none. */
export function decodeText(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    // What is not text is the caller's to tell.
    return null;
  }
}

/** The UTF-8 text of a file beside the source; null: it cannot be had, or is none. */
export function readText({ readBytes }: ImportOptions, name: string): string | null {
  const bytes = readBytes(name);
  return bytes === null ? null : decodeText(bytes);
}

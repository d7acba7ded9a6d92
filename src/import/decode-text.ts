/** Bytes as UTF-8 text; null: they are none. */
export function decodeText(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    // What is not text is the caller's to tell.
    return null;
  }
}

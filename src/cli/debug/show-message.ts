import { isUtf8 } from "node:buffer";
import { brotliDecompressSync, gunzipSync, inflateSync, zstdDecompressSync } from "node:zlib";
import type { Masker } from "../../protocol/ports.ts";

/** Characters shown of a body. */
const longestBody = 4_096;
/** Bytes that a coded body may become. */
const maxDecoded = 16 * 1024 * 1024;

const decoders: Readonly<Record<string, (bytes: Uint8Array, options: { maxOutputLength: number }) => Buffer>> = {
  gzip: gunzipSync,
  deflate: inflateSync,
  br: brotliDecompressSync,
  zstd: zstdDecompressSync,
};
/** Headers whose values let somebody in. Cookies are what one debugs, and are shown. */
const credentials = /^([^:]*(?:authorization|token|secret|api[-_]?key)[^:]*):.*$/i;
/** Of these the scheme is no secret. */
const schemed = /^((?:proxy-)?authorization: *\S+) +\S.*$/i;

/** A message's first line and headers, without the credentials in them. */
export function showHead(lines: readonly string[]): string[] {
  return lines.map((line) =>
    schemed.test(line) ? line.replace(schemed, "$1 ***") : line.replace(credentials, "$1: ***"),
  );
}

/**
 * A body for people: text, shortened; of other bytes their count. `coding`: its content-encoding. Masked here: a secret
 * of several lines is none of them.
 */
export function showBody(bytes: Uint8Array, coding: string, mask: Masker): string[] {
  if (bytes.length === 0) return [];
  const plain = decode(bytes, coding);
  if (plain === null) return [`(${bytes.length} bytes, ${coding})`];
  if (!isUtf8(plain) || plain.includes(0)) return [`(${plain.length} bytes)`];
  const text = mask(Buffer.from(plain).toString("utf8"));
  const rest = text.length - longestBody;
  const shown = rest > 0 ? [`${text.slice(0, longestBody)}`, `… ${rest} characters more`] : [text];
  return shown.flatMap((part) => part.split(/\r?\n/));
}

/** null: it cannot be decoded. */
function decode(bytes: Uint8Array, coding: string): Uint8Array | null {
  if (coding === "" || coding === "identity") return bytes;
  const decoder = Object.hasOwn(decoders, coding) ? decoders[coding] : undefined;
  if (decoder === undefined) return null;
  try {
    return decoder(bytes, { maxOutputLength: maxDecoded });
  } catch {
    // Damaged or too large: shown as bytes; the step has failed for it and says so.
    return null;
  }
}

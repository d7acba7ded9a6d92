import { promisify } from "node:util";
import * as zlib from "node:zlib";

/** Why a body cannot be decoded, in words for people. */
export interface DecodeFailure {
  readonly problem: string;
}

/** Bodies up to this size are decoded at once; larger ones off the thread. */
const largestSynchronous = 64 * 1024;

interface Coding {
  decodeNow(body: Buffer, options: { maxOutputLength: number }): Buffer;
  decodeLater(body: Buffer, options: { maxOutputLength: number }): Promise<Buffer>;
}

const gzip: Coding = { decodeNow: zlib.gunzipSync, decodeLater: promisify(zlib.gunzip) };

const codings: Readonly<Record<string, Coding>> = {
  gzip,
  "x-gzip": gzip,
  br: { decodeNow: zlib.brotliDecompressSync, decodeLater: promisify(zlib.brotliDecompress) },
  zstd: { decodeNow: zlib.zstdDecompressSync, decodeLater: promisify(zlib.zstdDecompress) },
};

const zlibCoding: Coding = { decodeNow: zlib.inflateSync, decodeLater: promisify(zlib.inflate) };
const rawCoding: Coding = { decodeNow: zlib.inflateRawSync, decodeLater: promisify(zlib.inflateRaw) };

/**
 * Removes the codings of a Content-Encoding value (gzip, deflate, br, zstd, several in a row). Never throws or rejects.
 * More than `maxBody` bytes at any stage are a failure, so that a small bomb stays small.
 */
export function decodeBody(
  body: Buffer,
  contentEncoding: string,
  maxBody: number,
): Buffer | DecodeFailure | Promise<Buffer | DecodeFailure> {
  const names = listCodings(contentEncoding);
  const name = names[0];
  if (name === undefined || body.length === 0) return body;
  if (body.length > largestSynchronous || names.length > 1) return decodeStages(body, names, maxBody);
  const coding = findCoding(name, body);
  if (coding === null) return unknownCoding(name);
  try {
    return coding.decodeNow(body, { maxOutputLength: maxBody });
  } catch (error) {
    return describe(name, error, maxBody);
  }
}

async function decodeStages(body: Buffer, names: readonly string[], maxBody: number): Promise<Buffer | DecodeFailure> {
  let bytes = body;
  for (const name of names) {
    const coding = findCoding(name, bytes);
    if (coding === null) return unknownCoding(name);
    try {
      bytes = await coding.decodeLater(bytes, { maxOutputLength: maxBody });
    } catch (error) {
      return describe(name, error, maxBody);
    }
  }
  return bytes;
}

/** The codings to remove, the outermost (last applied, last written) first. */
function listCodings(contentEncoding: string): string[] {
  return contentEncoding
    .split(",")
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== "" && name !== "identity")
    .toReversed();
}

function findCoding(name: string, body: Buffer): Coding | null {
  if (name !== "deflate") return Object.hasOwn(codings, name) ? (codings[name] ?? null) : null;
  // `deflate` means the zlib format, but servers that send it bare are as old as the name.
  const first = body[0] ?? 0;
  const second = body[1] ?? 0;
  return (first & 0x0f) === 8 && ((first << 8) | second) % 31 === 0 ? zlibCoding : rawCoding;
}

function unknownCoding(name: string): DecodeFailure {
  return { problem: `the answer's content-encoding \`${name}\` is none of gzip, deflate, br, zstd` };
}

function describe(name: string, error: unknown, maxBody: number): DecodeFailure {
  const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
  if (code === "ERR_BUFFER_TOO_LARGE") {
    return { problem: `the decoded body is larger than ${maxBody} bytes; raise options.http.max_body to read it` };
  }
  return { problem: `the body is not valid ${name} (${code})` };
}

/** `scanHead`: the blank line is not among the bytes yet. */
export const incomplete = -1;
/** `scanHead`: this is not the head of an HTTP/1 answer; `HeadScan.problem` says why. */
export const malformed = -2;

/** What a scan of a head found: all that decides where the answer ends. */
export class HeadScan {
  status = 0;
  /** 1 for HTTP/1.1, 0 for HTTP/1.0. */
  minor = 1;
  /** -1: no content-length. */
  length = -1;
  chunked = false;
  /** A `connection` header said so. */
  close = false;
  keepAlive = false;
  setsCookie = false;
  /** Where the header lines begin. */
  headersAt = 0;
  problem = "";
  /** Collected by whoever wants them; null: nobody has. */
  headers: readonly string[] | null = null;
}

const cr = 13;
const lf = 10;
const space = 32;
const tab = 9;
const comma = 44;
const colon = 58;

/** 1 for the bytes a header name may have. */
const nameBytes = new Uint8Array(256);
for (const byte of Buffer.from("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")) {
  nameBytes[byte] = 1;
}

const contentLength = Buffer.from("content-length");
const transferEncoding = Buffer.from("transfer-encoding");
const connection = Buffer.from("connection");
const setCookie = Buffer.from("set-cookie");
const closeOption = Buffer.from("close");
const keepAliveOption = Buffer.from("keep-alive");
const statusStart = Buffer.from("HTTP/1.");

/**
 * Reads status line and headers in one pass, in place, without allocating. Gives the position after the blank line,
 * `incomplete` or `malformed`. A lone LF ends a line as CR LF does.
 */
export function scanHead(bytes: Buffer, start: number, end: number, scan: HeadScan): number {
  let at = scanStatusLine(bytes, start, end, scan);
  if (at < 0) return at;
  scan.length = -1;
  scan.chunked = false;
  scan.close = false;
  scan.keepAlive = false;
  scan.setsCookie = false;
  scan.headers = null;
  scan.headersAt = at;
  for (;;) {
    if (at >= end) return incomplete;
    const nameAt = at;
    while (at < end && nameBytes[byteAt(bytes, at)] === 1) at++;
    if (at >= end) return incomplete;
    const nameEnd = at;
    const stop = byteAt(bytes, at);
    if (nameEnd === nameAt) {
      if (stop === lf) return at + 1;
      if (stop === cr) {
        if (at + 1 >= end) return incomplete;
        return byteAt(bytes, at + 1) === lf ? at + 2 : reject(scan, "a carriage return inside the headers");
      }
      // A folded line goes on with the value before it.
      if ((stop !== space && stop !== tab) || at === scan.headersAt) return reject(scan, "a header without a name");
    } else if (stop !== colon) {
      return reject(scan, "a header line without a colon");
    }
    at++;
    const valueAt = at;
    while (at < end && byteAt(bytes, at) !== lf) at++;
    if (at >= end) return incomplete;
    const width = nameEnd - nameAt;
    if (width === 14 || width === 10 || width === 17) {
      const problem = scanHeader(bytes, nameAt, width, valueAt, at, scan);
      if (problem !== "") return reject(scan, problem);
    }
    at++;
  }
}

function scanStatusLine(bytes: Buffer, start: number, end: number, scan: HeadScan): number {
  const known = Math.min(end - start, 7);
  for (let i = 0; i < known; i++) {
    if (bytes[start + i] !== statusStart[i]) return reject(scan, "not HTTP/1");
  }
  if (end - start < 13) return incomplete;
  const minor = byteAt(bytes, start + 7) - 48;
  if ((minor !== 0 && minor !== 1) || byteAt(bytes, start + 8) !== space) return reject(scan, "not HTTP/1.0 or 1.1");
  const hundreds = byteAt(bytes, start + 9) - 48;
  const tens = byteAt(bytes, start + 10) - 48;
  const ones = byteAt(bytes, start + 11) - 48;
  if (hundreds < 1 || hundreds > 9 || tens < 0 || tens > 9 || ones < 0 || ones > 9) {
    return reject(scan, "a status that is not a number from 100 to 999");
  }
  const after = byteAt(bytes, start + 12);
  if (after !== space && after !== cr && after !== lf) return reject(scan, "a status that is not three digits");
  scan.minor = minor;
  scan.status = hundreds * 100 + tens * 10 + ones;
  let at = start + 12;
  while (at < end && byteAt(bytes, at) !== lf) at++;
  return at < end ? at + 1 : incomplete;
}

/** Takes in a header that matters here; gives what is wrong with it, or nothing. */
function scanHeader(
  bytes: Buffer,
  nameAt: number,
  width: number,
  valueAt: number,
  lineEnd: number,
  scan: HeadScan,
): string {
  if (width === 14) return equalsName(bytes, nameAt, contentLength) ? scanLength(bytes, valueAt, lineEnd, scan) : "";
  if (width === 17) {
    if (!equalsName(bytes, nameAt, transferEncoding)) return "";
    const value = readValue(bytes, valueAt, lineEnd).toLowerCase();
    if (value !== "chunked" || scan.chunked)
      return `transfer-encoding ${JSON.stringify(value)}, only chunked is understood`;
    scan.chunked = true;
    return "";
  }
  if (equalsName(bytes, nameAt, setCookie)) {
    scan.setsCookie = true;
  } else if (equalsName(bytes, nameAt, connection)) {
    scanConnection(bytes, valueAt, lineEnd, scan);
  }
  return "";
}

function scanConnection(bytes: Buffer, valueAt: number, lineEnd: number, scan: HeadScan): void {
  let at = valueAt;
  while (at < lineEnd) {
    while (at < lineEnd && (isBlank(byteAt(bytes, at)) || byteAt(bytes, at) === comma)) at++;
    const wordAt = at;
    while (at < lineEnd && !isBlank(byteAt(bytes, at)) && byteAt(bytes, at) !== comma) at++;
    const width = at - wordAt;
    if (width === 5 && equalsName(bytes, wordAt, closeOption)) scan.close = true;
    else if (width === 10 && equalsName(bytes, wordAt, keepAliveOption)) scan.keepAlive = true;
  }
}

function scanLength(bytes: Buffer, valueAt: number, lineEnd: number, scan: HeadScan): string {
  let at = valueAt;
  let last = lineEnd;
  while (at < last && isBlank(byteAt(bytes, at))) at++;
  while (last > at && isBlank(byteAt(bytes, last - 1))) last--;
  let length = last > at ? 0 : -1;
  for (; at < last; at++) {
    const digit = byteAt(bytes, at) - 48;
    if (digit < 0 || digit > 9) length = -1;
    if (length < 0) break;
    length = length * 10 + digit;
    if (length > Number.MAX_SAFE_INTEGER) length = -1;
  }
  if (length < 0) return `content-length ${JSON.stringify(readValue(bytes, valueAt, lineEnd))} is not a length`;
  if (scan.length >= 0 && scan.length !== length) return `two content-lengths, ${scan.length} and ${length}`;
  scan.length = length;
  return "";
}

/** The headers of a scanned head: name, value, name, value …; names in lower case, folded lines joined by a space. */
export function collectHeaders(bytes: Buffer, headersAt: number, headEnd: number): string[] {
  // One text for all: what is cut out of it costs nothing until it is used.
  const text = bytes.toString("latin1", headersAt, headEnd);
  const headers: string[] = [];
  let at = 0;
  for (;;) {
    const lineEnd = text.indexOf("\n", at);
    // The last line is the blank one.
    if (lineEnd < 0 || lineEnd === text.length - 1) return headers;
    const first = text.charCodeAt(at);
    if (first === space || first === tab) {
      const last = headers.length - 1;
      headers[last] = `${headers[last] ?? ""} ${trimValue(text, at, lineEnd)}`.trim();
    } else {
      const nameEnd = text.indexOf(":", at);
      headers.push(lowerName(text.slice(at, nameEnd)), trimValue(text, nameEnd + 1, lineEnd));
    }
    at = lineEnd + 1;
  }
}

const lowerNames = new Map<string, string>();

/** Targets use few names: their lower case is remembered, up to a bound. */
function lowerName(name: string): string {
  const known = lowerNames.get(name);
  if (known !== undefined) return known;
  const lower = name.toLowerCase();
  if (lowerNames.size < 256) lowerNames.set(name, lower);
  return lower;
}

function trimValue(text: string, from: number, to: number): string {
  let at = from;
  let end = to;
  while (at < end && isBlank(text.charCodeAt(at))) at++;
  while (end > at && isBlank(text.charCodeAt(end - 1))) end--;
  return text.slice(at, end);
}

function readValue(bytes: Buffer, from: number, to: number): string {
  let at = from;
  let end = to;
  while (at < end && isBlank(byteAt(bytes, at))) at++;
  while (end > at && isBlank(byteAt(bytes, end - 1))) end--;
  return bytes.toString("latin1", at, end);
}

function equalsName(bytes: Buffer, at: number, lowerCase: Uint8Array): boolean {
  for (let i = 0; i < lowerCase.length; i++) {
    // Sets the bit that tells a small letter from a capital; "-" has it anyway.
    if ((byteAt(bytes, at + i) | 32) !== lowerCase[i]) return false;
  }
  return true;
}

function isBlank(byte: number): boolean {
  return byte === space || byte === tab || byte === cr;
}

function reject(scan: HeadScan, problem: string): number {
  scan.problem = problem;
  return malformed;
}

function byteAt(bytes: Buffer, at: number): number {
  return bytes[at] as number;
}

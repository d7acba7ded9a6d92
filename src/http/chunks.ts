import type { KeptBody } from "./kept-body.ts";

const sizeStart = 0;
const size = 1;
const extension = 2;
const data = 3;
const dataEnd = 4;
const trailerStart = 5;
const trailer = 6;

const cr = 13;
const lf = 10;

/** `ChunkReader.read`: the body goes on in the next bytes. */
export const unfinished = -1;
/** `ChunkReader.read`: these are not chunks; `problem` says why. */
export const invalid = -2;

/**
 * Takes the chunked coding off a body, in any cut.
 *
 *     size [;extension] CRLF  data  CRLF     any number of times
 *     0 [;extension] CRLF  [trailer CRLF]…  CRLF
 */
export class ChunkReader {
  problem = "";
  private state = sizeStart;
  /** Of the chunk. */
  private left = 0;
  /** Bytes of extensions and trailers so far. */
  private overhead = 0;

  reset(): void {
    this.state = sizeStart;
    this.overhead = 0;
  }

  /** Gives the position after the body, `unfinished` or `invalid`. Data go to `kept`, or nowhere. */
  read(bytes: Buffer, start: number, end: number, kept: KeptBody | null, maxOverhead: number): number {
    let at = start;
    while (at < end) {
      if (this.state === data) {
        const to = Math.min(end, at + this.left);
        if (kept !== null) kept.append(bytes, at, to, 0);
        this.left -= to - at;
        at = to;
        if (this.left === 0) this.state = dataEnd;
        continue;
      }
      const byte = bytes[at++] as number;
      switch (this.state) {
        case sizeStart:
        case size:
          if (!this.readSize(byte)) return invalid;
          break;
        case extension:
          if (++this.overhead > maxOverhead) return this.reject("chunk extensions without end");
          if (byte === lf) this.state = this.left === 0 ? trailerStart : data;
          break;
        case dataEnd:
          if (byte === lf) this.state = sizeStart;
          else if (byte !== cr) return this.reject("a chunk longer than its size");
          break;
        case trailerStart:
          if (byte === lf) return at;
          if (byte !== cr) this.state = trailer;
          break;
        default:
          if (++this.overhead > maxOverhead) return this.reject("trailers larger than max_header");
          if (byte === lf) this.state = trailerStart;
      }
    }
    return unfinished;
  }

  private readSize(byte: number): boolean {
    const digit = hexDigit(byte);
    if (digit >= 0) {
      this.left = (this.state === sizeStart ? 0 : this.left * 16) + digit;
      this.state = size;
      if (this.left <= Number.MAX_SAFE_INTEGER) return true;
    } else if (this.state === size) {
      if (byte === lf) {
        this.state = this.left === 0 ? trailerStart : data;
        return true;
      }
      if (byte === cr || byte === 59 || byte === 32 || byte === 9) {
        this.state = extension;
        return true;
      }
    }
    this.problem = "a chunk size that is not a number";
    return false;
  }

  private reject(problem: string): number {
    this.problem = problem;
    return invalid;
  }
}

function hexDigit(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48;
  const letter = byte | 32;
  return letter >= 97 && letter <= 102 ? letter - 87 : -1;
}

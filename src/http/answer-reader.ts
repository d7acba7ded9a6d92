import { ChunkReader, invalid } from "./chunks.ts";
import { collectHeaders, incomplete, malformed } from "./head.ts";
import type { HeadMemory } from "./head-memory.ts";
import { KeptBody } from "./kept-body.ts";

/** What one answer may take of memory. */
export interface AnswerLimits {
  /** Bytes of a head (status line and headers), and of chunk extensions with trailers. */
  readonly maxHeader: number;
  /** Bytes of a body that is kept; a body that is not kept has no bound. */
  readonly maxBody: number;
}

/** What the request says about its answer. */
export interface Wanted {
  readonly head: boolean;
  readonly keepHeaders: boolean;
  readonly keepBody: boolean;
  readonly expects: ((status: number) => boolean) | null;
}

/** `AnswerReader.read`: the answer goes on in the next bytes. */
export const more = -1;
/** `AnswerReader.read`: this is not an answer, or too large a one; `problem` says why. */
export const broken = -2;

/** Bytes of a sample: twice what a report shows, so that a secret is masked before it is cut. */
export const sampleSize = 2048;

const readingHead = 0;
const readingLength = 1;
const readingChunks = 2;
const readingToEnd = 3;

/**
 * Reads the answers of one connection, one after the other, in any cut. Between answers, and for an answer that
 * comes in one piece, it holds no memory of its own.
 */
export class AnswerReader {
  status = 0;
  /** 1 for HTTP/1.1, 0 for HTTP/1.0. */
  minor = 1;
  headers: readonly string[] | null = null;
  body: Buffer | null = null;
  /** After a whole answer: the connection may carry another exchange. */
  reusable = false;
  problem = "";
  private readonly limits: AnswerLimits;
  /** Shared by all readers of a thread: what it found is used before anything else runs. */
  private readonly heads: HeadMemory;
  private state = readingHead;
  private head = false;
  private keepHeaders = false;
  private keepBody = false;
  private expects: Wanted["expects"] = null;
  /** Of this answer's body only the beginning is kept. */
  private sampling = false;
  /** Of a body with a length. */
  private length = 0;
  private left = 0;
  private kept: KeptBody | null = null;
  private chunks: ChunkReader | null = null;
  /** A head whose end has not come yet. */
  private partial: Buffer | null = null;
  private partialLength = 0;

  constructor(limits: AnswerLimits, heads: HeadMemory) {
    this.limits = limits;
    this.heads = heads;
  }

  /** The next bytes are the answer to this. */
  begin(wanted: Wanted): void {
    this.head = wanted.head;
    this.keepHeaders = wanted.keepHeaders;
    this.keepBody = wanted.keepBody;
    this.expects = wanted.expects;
    this.state = readingHead;
    this.status = 0;
    this.headers = null;
    this.body = null;
    this.kept = null;
    this.partial = null;
    this.partialLength = 0;
  }

  /** Gives the position after the answer, `more` or `broken`. */
  read(bytes: Buffer, start: number, end: number): number {
    let at = start;
    while (this.state === readingHead) {
      at = this.partial === null ? this.readHead(bytes, at, end) : this.readRestOfHead(bytes, at, end, this.partial);
      if (at < 0) return at;
      // 1xx: another head follows.
      if (this.status < 200 && this.status !== 101) continue;
      if (this.frame()) return at;
      if (this.problem !== "") return broken;
    }
    switch (this.state) {
      case readingLength:
        return this.readLength(bytes, at, end);
      case readingChunks:
        return this.readChunks(bytes, at, end);
      default:
        return this.keep(bytes, at, end, 0) ? more : broken;
    }
  }

  /** The server has closed its side. true: that ends the answer properly. */
  end(): boolean {
    if (this.state !== readingToEnd) return false;
    this.finish();
    return true;
  }

  private readHead(bytes: Buffer, start: number, end: number): number {
    const next = this.heads.read(bytes, start, end);
    const scan = this.heads.found;
    if (next === incomplete) {
      if (end - start > this.limits.maxHeader) return this.rejectHead();
      this.partial = Buffer.allocUnsafe(Math.max(512, (end - start) * 2));
      this.partialLength = bytes.copy(this.partial, 0, start, end);
      return more;
    }
    if (next === malformed) return this.reject(scan.problem);
    if (next - start > this.limits.maxHeader) return this.rejectHead();
    this.status = scan.status;
    this.minor = scan.minor;
    this.sampling = !this.keepBody && (this.expects === null ? scan.status >= 400 : !this.expects(scan.status));
    const kept = this.keepHeaders || scan.setsCookie || (scan.status >= 300 && scan.status < 400) || this.sampling;
    if (kept) scan.headers ??= collectHeaders(bytes, scan.headersAt, next);
    this.headers = kept ? scan.headers : null;
    return next;
  }

  /** Looks only for the blank line until it is there: a head in many cuts is not scanned again and again. */
  private readRestOfHead(bytes: Buffer, start: number, end: number, before: Buffer): number {
    const searchFrom = Math.max(0, this.partialLength - 3);
    const known = this.partialLength;
    const needed = known + end - start;
    let partial = before;
    if (partial.length < needed) {
      partial = Buffer.allocUnsafe(needed * 2);
      before.copy(partial, 0, 0, known);
      this.partial = partial;
    }
    bytes.copy(partial, known, start, end);
    this.partialLength = needed;
    const headEnd = findHeadEnd(partial, searchFrom, needed);
    if (headEnd < 0) {
      // So little came at first that it could not be told from garbage.
      if (known < 13 && this.heads.read(partial, 0, needed) === malformed) return this.reject(this.heads.found.problem);
      return needed > this.limits.maxHeader ? this.rejectHead() : more;
    }
    this.partial = null;
    this.partialLength = 0;
    const next = this.readHead(partial, 0, headEnd);
    return next < 0 ? next : start + next - known;
  }

  /** Decides where the answer ends. true: here. */
  private frame(): boolean {
    const scan = this.heads.found;
    const persistent = scan.minor === 1 ? !scan.close : scan.keepAlive && !scan.close;
    this.reusable = persistent && this.status !== 101;
    if (this.head || this.status === 204 || this.status === 304 || this.status === 101) {
      this.state = readingToEnd;
      return true;
    }
    if (scan.chunked) {
      // A length beside chunks: some server in between may have understood it otherwise.
      if (scan.length >= 0 || scan.minor === 0) this.reusable = false;
      this.state = readingChunks;
      this.chunks ??= new ChunkReader();
      this.chunks.reset();
      if (this.keepBody || this.sampling) this.kept = this.createKept();
      return false;
    }
    if (scan.length < 0) {
      this.state = readingToEnd;
      this.reusable = false;
      return false;
    }
    if (scan.length === 0) return true;
    if (this.keepBody && scan.length > this.limits.maxBody) {
      this.rejectBody();
      return false;
    }
    this.state = readingLength;
    this.length = scan.length;
    this.left = scan.length;
    return false;
  }

  private readLength(bytes: Buffer, at: number, end: number): number {
    const left = this.left;
    if (end - at >= left) {
      const to = at + left;
      if (this.keepBody) {
        if (this.kept === null) {
          this.body = Buffer.allocUnsafe(left);
          bytes.copy(this.body, 0, at, to);
        } else {
          this.kept.append(bytes, at, to, this.length);
          this.finish();
        }
      } else if (this.sampling) {
        this.keep(bytes, at, to, 0);
        this.finish();
      }
      return to;
    }
    this.left = left - (end - at);
    return this.keep(bytes, at, end, this.length) ? more : broken;
  }

  private readChunks(bytes: Buffer, at: number, end: number): number {
    const chunks = this.chunks;
    if (chunks === null) return broken;
    const next = chunks.read(bytes, at, end, this.kept, this.limits.maxHeader);
    if (next === invalid) return this.reject(chunks.problem);
    if (this.kept !== null && this.kept.size > this.limits.maxBody) return this.rejectBody();
    if (next < 0) return more;
    this.finish();
    return next;
  }

  private keep(bytes: Buffer, at: number, end: number, expected: number): boolean {
    if ((!this.keepBody && !this.sampling) || at === end) return true;
    this.kept ??= this.createKept();
    this.kept.append(bytes, at, end, expected);
    if (this.kept.size <= this.limits.maxBody) return true;
    this.rejectBody();
    return false;
  }

  private createKept(): KeptBody {
    // A bounded sample never exceeds max_body, which is for those who read bodies.
    return new KeptBody(this.sampling ? Math.min(sampleSize, this.limits.maxBody) : Number.POSITIVE_INFINITY);
  }

  private finish(): void {
    if (this.kept !== null) this.body = this.kept.take();
    this.kept = null;
  }

  private rejectHead(): number {
    return this.reject(`its headers are larger than max_header (${this.limits.maxHeader} bytes)`);
  }

  private rejectBody(): number {
    this.kept = null;
    return this.reject(`its body is larger than max_body (${this.limits.maxBody} bytes)`);
  }

  private reject(problem: string): number {
    this.problem = problem;
    this.partial = null;
    return broken;
  }
}

/** The position after the first blank line at or after `from` (where a line may be under way), or -1. */
function findHeadEnd(bytes: Buffer, from: number, end: number): number {
  for (let at = from; at < end; at++) {
    if (bytes[at] !== 10) continue;
    if (at + 1 < end && bytes[at + 1] === 10) return at + 2;
    if (at + 2 < end && bytes[at + 1] === 13 && bytes[at + 2] === 10) return at + 3;
  }
  return -1;
}

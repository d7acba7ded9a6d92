import { HeadScan, scanHead } from "./head.ts";

const slotCount = 8;
/** Longer heads are scanned every time. */
const largest = 1024;

interface Slot {
  readonly bytes: Uint8Array;
  /** The same bytes, four at a time. */
  readonly words: Int32Array;
  readonly scan: HeadScan;
  /** 0: nothing remembered. */
  length: number;
}

/**
 * The read buffer of a thread, and the heads that came to stand at its start: those of a target differ in little but
 * the date, once a second, and comparing four bytes at a time costs a fraction of scanning. A head is looked for by
 * the size of the read it came in, so that different steps do not displace each other.
 */
export class HeadMemory {
  readonly buffer: Buffer;
  /** What the latest `read` found. */
  found = new HeadScan();
  private readonly words: Int32Array;
  private readonly slots: readonly Slot[] = Array.from({ length: slotCount }, createSlot);

  /** `size`: of the buffer, a multiple of 4. */
  constructor(size: number) {
    this.buffer = Buffer.allocUnsafeSlow(size);
    this.words = new Int32Array(this.buffer.buffer);
  }

  /** As `scanHead`; the result is in `found`. */
  read(bytes: Buffer, start: number, end: number): number {
    const slot = this.slots[end & (slotCount - 1)];
    if (slot === undefined || start !== 0 || bytes !== this.buffer) {
      this.found = new HeadScan();
      return scanHead(bytes, start, end, this.found);
    }
    this.found = slot.scan;
    if (slot.length > 0 && slot.length <= end && equals(slot, this.words, bytes)) return slot.length;
    const next = scanHead(bytes, 0, end, slot.scan);
    slot.length = next > 0 && next <= largest ? bytes.copy(slot.bytes, 0, 0, next) : 0;
    return next;
  }
}

function createSlot(): Slot {
  const bytes = new Uint8Array(largest);
  return { bytes, words: new Int32Array(bytes.buffer), scan: new HeadScan(), length: 0 };
}

function equals(slot: Slot, words: Int32Array, bytes: Buffer): boolean {
  const { length } = slot;
  const whole = length >> 2;
  for (let i = 0; i < whole; i++) {
    if (words[i] !== slot.words[i]) return false;
  }
  for (let at = whole << 2; at < length; at++) {
    if (bytes[at] !== slot.bytes[at]) return false;
  }
  return true;
}

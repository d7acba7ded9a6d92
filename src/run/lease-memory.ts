import type { Clock, Permit } from "../protocol/ports.ts";

/**
 * A lease in memory that all threads of a slave share: numbers at these places. An aligned number of eight bytes is
 * read and written at once on every 64-bit machine, so nobody sees half a deadline.
 */
const places = { deadline: 0, wallDeadline: 1, suspended: 2, ownerOffset: 3 } as const;

/** A lease that has ended: nothing may start before it is written. */
export function createLeaseMemory(): SharedArrayBuffer {
  const memory = new SharedArrayBuffer(Object.keys(places).length * Float64Array.BYTES_PER_ELEMENT);
  writeLease(memory, Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY);
  return memory;
}

/**
 * Operations may start until `deadlineMs`, on the scale of the system clock's `now()` (`hrtime`: the same in all
 * threads), and until `wallDeadlineMs`, milliseconds since the epoch, whichever comes first.
 */
export function writeLease(memory: SharedArrayBuffer, deadlineMs: number, wallDeadlineMs: number): void {
  const lease = new Float64Array(memory);
  lease[places.deadline] = deadlineMs;
  lease[places.wallDeadline] = wallDeadlineMs;
}

/** The owner's epoch clock minus this machine's, ms. */
export function writeOwnerOffset(memory: SharedArrayBuffer, offsetMs: number): void {
  new Float64Array(memory)[places.ownerOffset] = offsetMs;
}

/** Reads it, as it is then; 0 until it is measured, and without a lease. */
export function createOwnerOffset(memory: SharedArrayBuffer | null): () => number {
  if (memory === null) return () => 0;
  const lease = new Float64Array(memory);
  return () => lease[places.ownerOffset] as number;
}

/** Forbids every start whatever the deadlines say, or leaves it to them again. */
export function setSuspended(memory: SharedArrayBuffer, suspended: boolean): void {
  new Float64Array(memory)[places.suspended] = suspended ? 1 : 0;
}

/** When the lease ends by the monotonic clock, ms. */
export function readDeadline(memory: SharedArrayBuffer): number {
  return new Float64Array(memory)[places.deadline] ?? Number.NEGATIVE_INFINITY;
}

/** A permit that ends with the lease. The epoch clock notices a machine that slept, in which the monotonic one stood. */
export function createLeasePermit(
  memory: SharedArrayBuffer,
  clock: Pick<Clock, "wall">,
  refuses: Permit["refuses"],
): Permit {
  const lease = new Float64Array(memory);
  return {
    maySend: (now) =>
      now < (lease[places.deadline] as number) &&
      lease[places.suspended] === 0 &&
      clock.wall() < (lease[places.wallDeadline] as number),
    refuses,
  };
}

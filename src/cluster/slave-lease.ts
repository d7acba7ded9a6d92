import type { LeaseTimes } from "./lease-times.ts";
import type { Instant } from "./owner-state.ts";

/** A slave's lease of one execution, by its own clocks. */
export interface SlaveLease {
  readonly times: LeaseTimes;
  /** Number of the latest heartbeat. */
  sequence: number;
  /** Heartbeats sent and not yet answered, oldest first: bounded by the lease's length. */
  readonly sent: { readonly sequence: number; readonly now: number; readonly wall: number }[];
  /** Monotonic and epoch ms after which nothing may start. */
  deadline: number;
  wallDeadline: number;
  /** The owner's epoch clock minus this slave's, from the answer that took least time. */
  offsetMs: number;
  shortestMs: number;
  /** Round trips that were made for the clock alone, and answers of all kinds. */
  measured: number;
  answers: number;
}

/** So many round trips are made at once at first: the first of a process is slow, and its halves are not equal. */
const firstTrips = 4;

/** A lease that has ended: nothing may start before the first answer. */
export function createSlaveLease(times: LeaseTimes): SlaveLease {
  return {
    times,
    sequence: 0,
    sent: [],
    deadline: Number.NEGATIVE_INFINITY,
    wallDeadline: Number.NEGATIVE_INFINITY,
    offsetMs: 0,
    shortestMs: Number.POSITIVE_INFINITY,
    measured: 0,
    answers: 0,
  };
}

/** Half of it, at most, is the owner's clock off. */
const shortTripMs = 200;
/** More than can have been waiting for an owner that stood still. */
const manyAnswers = 10;

/** Is the owner's clock known as well as this link lets it? What waited for an owner that stood still tells little of it. */
export function knowsOwnerClock({ shortestMs, measured, answers }: SlaveLease): boolean {
  return shortestMs <= shortTripMs || measured >= firstTrips || answers >= manyAnswers;
}

/** May an operation start at this instant? Read the clocks for it, before every one. */
export function mayStart(lease: SlaveLease, time: Instant): boolean {
  return time.now < lease.deadline && time.wall < lease.wallDeadline;
}

/** Notes a heartbeat that goes out now; gives its number. */
export function noteHeartbeat(lease: SlaveLease, time: Instant): number {
  lease.sequence++;
  while (lease.sent[0] !== undefined && lease.sent[0].now + lease.times.lengthMs < time.now) lease.sent.shift();
  lease.sent.push({ sequence: lease.sequence, now: time.now, wall: time.wall });
  return lease.sequence;
}

/**
 * Takes an answer, which may be late or a repetition: the lease only ever grows. true: the owner's clock is not known
 * well yet, the next heartbeat is due at once.
 */
export function renewLease(lease: SlaveLease, sequence: number, ownerWallMs: number, time: Instant): boolean {
  const sent = lease.sent.find((each) => each.sequence === sequence);
  if (sent === undefined) return false;
  lease.deadline = Math.max(lease.deadline, sent.now + lease.times.lengthMs);
  lease.wallDeadline = Math.max(lease.wallDeadline, sent.wall + lease.times.lengthMs);
  lease.answers++;
  const tookMs = time.now - sent.now;
  if (tookMs < lease.shortestMs) {
    lease.shortestMs = tookMs;
    lease.offsetMs = ownerWallMs - (sent.wall + tookMs / 2);
  }
  return sequence === lease.sequence && ++lease.measured < firstTrips;
}

import type { Arrivals } from "../protocol/message.ts";

/**
 * The rendezvous of one scenario, for all threads of all slaves. What threads report and what they are told are counts
 * that only grow; who goes on is decided here alone, and durable before it is told.
 */
export interface RendezvousState {
  readonly parts: Map<string, RendezvousPart>;
  /** By step: who waits, in the order in which it was heard. */
  readonly points: Map<string, PointState>;
}

/** A thread of a slave. */
export interface RendezvousPart {
  readonly slaveId: string;
  readonly thread: number;
  threads: number;
  serial: number;
  stage: Arrivals["stage"];
  running: number;
  readonly counts: Map<string, PartCounts>;
}

export interface PartCounts {
  arrived: number;
  /** Went on; went without the others. */
  released: number;
  gone: number;
  /** How many had come, and were needed, when one went without. */
  came: number;
  needed: number;
}

export interface PointState {
  readonly count: number | null;
  waiting: readonly Waiting[];
  /** Nobody can come any more. */
  over: boolean;
}

export interface Waiting {
  readonly part: string;
  readonly vus: number;
}

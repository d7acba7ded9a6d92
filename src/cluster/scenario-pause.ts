/** A scenario that is, or was, paused by itself. */
export interface PausedScenario {
  /** How long it stood in pauses that are over, or whose end is ordered, ms of test time. */
  pausedMs: number;
  /** Its own time at which it stands, or will; null: it goes on. */
  standsAtMs: number | null;
  /** Its own time at the latest pause: before it goes on the clock shows it still. */
  leastMs: number;
  /** Serial of the latest command. */
  serial: number;
}

/** What a slave is known to have made of it. */
export interface SlavePause {
  /** Pauses so long, in all, are over there. */
  pausedMs: number;
  /** The furthest of the scenario's own times at which it said that it stopped. */
  furthestMs: number;
}

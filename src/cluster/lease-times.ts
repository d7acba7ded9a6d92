/** The times of a lease, ms. All follow from the owner's heartbeat timeout. */
export interface LeaseTimes {
  /** H: the owner gives a silent slave up so long after its last heartbeat arrived. */
  readonly timeoutMs: number;
  /** R: a slave sends a heartbeat so often. */
  readonly renewMs: number;
  /** L: a slave may start operations so long after it sent the heartbeat that was answered. Shorter than H. */
  readonly lengthMs: number;
}

/** H of at least 2 s, and the configured interval, which is shortened to a fifth of H. */
export function computeLeaseTimes(timeoutMs: number, intervalMs: number): LeaseTimes {
  const guardMs = Math.max(500, timeoutMs / 10);
  return { timeoutMs, renewMs: Math.min(intervalMs, timeoutMs / 5), lengthMs: timeoutMs - guardMs };
}

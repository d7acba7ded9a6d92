/** How waiting for others ended: they came, the VU or the load ended, or the time was up with so many there. */
export type MeetingEnd = "met" | "interrupted" | { readonly came: number; readonly needed: number };

/**
 * A VU comes to the place and waits: at most `timeoutMs` of test time, and to `deadline` (`Clock.now()`). Never rejects;
 * `halt` ends the wait at once.
 */
export type Arrive = (timeoutMs: number, deadline: number, halt: AbortSignal) => Promise<MeetingEnd>;

/** Where VUs of a scenario wait for each other; who goes on is decided for all threads and slaves in one place. */
export interface Meetings {
  /** The place of a step, made when it is compiled; `count`: how many go on together, null: all that run. */
  open(scenario: string, step: string, count: number | null): Arrive;
}

/** For workflows without a rendezvous. */
export const noMeetings: Meetings = { open: () => () => Promise.resolve("met") };

import type { Clock, Log } from "../../protocol/ports.ts";
import type { Identity } from "./identity.ts";
import { createRateLimit } from "./rate-limit.ts";

/** Who did what. */
export interface Deed {
  /** null: nobody that is known. */
  readonly identity: Identity | null;
  /** The route's name, with what only an admin may ask of it: `submitWorkflow`, `stopExecution purge`. */
  readonly action: string;
  /** What it was done to: an id; empty: nothing that has one. */
  readonly target: string;
  /** `done`, or the code of the error it was answered with. */
  readonly outcome: string;
  readonly peer: string;
  /** What proxies, or whoever sent it, say of the way before the peer; empty: nothing. */
  readonly hops: string;
}

/** Writes deeds into the log. */
export type Audit = (deed: Deed) => void;

const longestTarget = 100;
const longestHops = 200;

/**
 * What changes something is logged as `info`, what was refused as `warn`. Refusals of one peer are logged five times a
 * second, after a burst; how many were left out stands in the next line.
 */
export function createAudit(log: Log, clock: Clock): Audit {
  const refusals = createRateLimit({ perSecond: 5, burst: 50, clock });
  let leftOut = 0;
  return ({ identity, action, target, outcome, peer, hops }) => {
    const isDone = outcome === "done";
    if (!isDone && !refusals.take(peer)) {
      leftOut++;
      return;
    }
    const name = identity?.name ?? "unknown";
    log(isDone ? "info" : "warn", `audit: ${name} ${action} ${outcome}`, {
      audit: true,
      name,
      role: identity?.role ?? null,
      action,
      target: target.slice(0, longestTarget),
      outcome,
      peer,
      ...(hops === "" ? {} : { forwarded_for: hops.slice(0, longestHops) }),
      ...(leftOut === 0 || isDone ? {} : { left_out: leftOut }),
    });
    if (!isDone) leftOut = 0;
  };
}

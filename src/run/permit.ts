import type { Clock, Permit, TargetLists } from "../protocol/ports.ts";
import { createLeasePermit } from "./lease-memory.ts";
import { createTargetRule } from "../target-rule.ts";

/** What a thread of a run asks before it dials and sends: the target lists, and the lease where there is one. */
export function createPermit(
  targets: TargetLists | null,
  leaseMemory: SharedArrayBuffer | null,
  clock: Pick<Clock, "wall">,
): Permit {
  const refuses = targets === null ? () => null : createTargetRule(targets);
  const permit =
    leaseMemory === null ? { maySend: () => true, refuses } : createLeasePermit(leaseMemory, clock, refuses);
  const restricts = targets !== null && targets.allow.length + targets.deny.length > 0;
  return restricts ? { ...permit, restricts } : permit;
}

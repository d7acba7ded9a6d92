import type { FleetOptions } from "../cluster/fleet-state.ts";
import { computeLeaseTimes } from "../cluster/lease-times.ts";
import { createLiveThresholds } from "../cluster/live-thresholds.ts";
import { listScenarioCapabilities } from "../definition/list-capabilities.ts";
import { createSnapshot, type Snapshot } from "../measure/snapshot.ts";
import type { Inputs } from "../protocol/message.ts";
import type { Plan } from "../protocol/plan.ts";
import type { Workflow } from "../protocol/workflow.ts";
import type { RegisteredSlave, Registry } from "./registered-slave.ts";
import type { RoomLedger } from "./room-ledger.ts";
import { isSelected, type SlaveNeeds } from "./select-slaves.ts";

/** What every fleet of this master is made from. */
export interface FleetSurroundings {
  readonly registry: Pick<Registry, "get">;
  readonly ledger: RoomLedger;
  /** H and the heartbeat interval, ms. */
  readonly limits: { readonly timeoutMs: number; readonly intervalMs: number };
}

/** VUs that a slave without a limit counts for. */
const unlimitedVus = 1_000_000;

/** The options of an execution's fleet, but for its token, its members and what was measured. */
export function createFleetOptions(
  { registry, ledger, limits }: FleetSurroundings,
  executionId: string,
  plan: Plan,
  inputs: Inputs,
): Omit<FleetOptions, "token" | "snapshot" | "slaves"> {
  const needs = needsOf(plan);
  return {
    executionId,
    plan,
    inputs,
    times: computeLeaseTimes(limits.timeoutMs, limits.intervalMs),
    thresholds: createLiveThresholds(plan.workflow),
    mayHold(slaveId, scenario) {
      const slave = registry.get(slaveId);
      const needed = needs[scenario];
      return slave !== null && needed !== undefined && isSelected(slave, needed);
    },
    mostHolders: needs.map(({ target }) => target.maxSlaves ?? Number.POSITIVE_INFINITY),
    roomOf: (slaveId) => roomOf(registry.get(slaveId), ledger, executionId),
  };
}

/** As many as of all slaves together. */
const slavePoints = 10_000;

/** Nothing measured yet; each slave's own time series will be kept. */
export function createFleetSnapshot(workflow: Workflow): Snapshot {
  return createSnapshot({ ...workflow, slavePoints });
}

/** What each scenario of a plan asks of its slaves. */
export function needsOf({ workflow, scenarios }: Plan): readonly SlaveNeeds[] {
  return scenarios.map(({ scenario, largestVus }) => ({
    target: scenario.targetSlaves ?? workflow.targetSlaves,
    capabilities: listScenarioCapabilities(workflow, scenario),
    vus: largestVus,
  }));
}

/** VUs of one execution that a slave has room for in all; none while it is not connected. */
function roomOf(slave: RegisteredSlave | null, ledger: RoomLedger, executionId: string): number {
  if (slave === null || slave.state === "offline" || slave.state === "draining") return 0;
  if (slave.card.max_vus === null) return unlimitedVus;
  return Math.max(0, slave.card.max_vus - ledger.heldOn(slave.card.id, executionId));
}

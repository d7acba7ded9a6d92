import type { Slave } from "../protocol/rest.ts";
import type { RegisteredSlave } from "./registered-slave.ts";
import { loadOf } from "./select-slaves.ts";

/** A slave as the API shows it. What an offline one said last is no longer true: unknown. */
export function describeSlave(slave: RegisteredSlave): Slave {
  const { card, version, state, tasks, lastSeen } = slave;
  const status = state === "offline" ? null : slave.status;
  return {
    id: card.id,
    type: card.type,
    address: card.address,
    version,
    capabilities: card.capabilities,
    labels: card.labels,
    max_vus: card.max_vus,
    status: {
      state,
      load: Math.round(loadOf(slave) * 1_000) / 1_000,
      active_vus: status?.active_vus ?? 0,
      active_tasks: tasks,
      cpu: status?.cpu ?? null,
      memory: status?.memory ?? null,
      event_loop_lag_ms: status?.event_loop_lag_ms ?? null,
      last_seen: new Date(lastSeen).toISOString(),
    },
  };
}

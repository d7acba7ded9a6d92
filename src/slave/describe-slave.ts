import type { JsonObject } from "../protocol/json.ts";
import type { Slave } from "./slave.ts";

/** What `/status` answers: who it is, its master, what it does now. */
export function describeSlave(slave: Slave, master: string | null): JsonObject {
  const { hello, status, draining, agents } = slave;
  const { card, engine } = { card: hello.slave, engine: hello.engine };
  return {
    id: card.id,
    type: card.type,
    version: engine,
    instance: hello.instance,
    address: card.address,
    capabilities: card.capabilities,
    labels: card.labels,
    max_vus: card.max_vus,
    master,
    connected: master !== null,
    draining,
    cpu: status.cpu,
    memory: status.memory,
    event_loop_lag_ms: status.event_loop_lag_ms,
    active_vus: status.active_vus,
    executions: agents.list().map((agent) => ({
      id: agent.source.executionId,
      incarnation: agent.source.incarnation,
      workflow_name: agent.workflowName,
      phase: agent.phase,
      active_vus: agent.activeVus,
      lease_left_ms: Math.round(agent.leaseLeftMs),
    })),
  };
}

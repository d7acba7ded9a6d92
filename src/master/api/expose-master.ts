import { Gauge, Registry as Exposition, collectDefaultMetrics } from "prom-client";
import type { SlaveConnection } from "../../protocol/rest.ts";
import type { MasterParts } from "./master-parts.ts";

/** One of the master's process: its default metrics watch the garbage collector. */
const processMetrics = new Exposition();
collectDefaultMetrics({ register: processMetrics, prefix: "workflow_engine_master_" });
// Prometheus keeps this end of a name for counters, and they are the sums of those beside them.
for (const what of ["handles", "requests", "resources"]) {
  processMetrics.removeSingleMetric(`workflow_engine_master_nodejs_active_${what}_total`);
}

const states: readonly SlaveConnection[] = ["online", "busy", "draining", "offline"];

/** The master, its slaves and its active executions as Prometheus text. */
export async function exposeMaster({
  card,
  executions,
  registry,
}: MasterParts): Promise<{ type: string; text: string }> {
  const own = new Exposition();
  const gauge = (name: string, help: string, labelNames: readonly string[] = []): Gauge =>
    new Gauge({ name: `workflow_engine_${name}`, help, labelNames: [...labelNames], registers: [own] });

  gauge("info", "The master's version and store.", ["version", "store"]).set(
    { version: card.version, store: card.store },
    1,
  );
  gauge("ready", "1 once unfinished executions are taken up.").set(executions.ready ? 1 : 0);
  const { active, pending } = executions.count();
  const counts = gauge("executions", "Executions that have not ended.", ["state"]);
  counts.set({ state: "active" }, active);
  counts.set({ state: "pending" }, pending);

  const slaves = registry.list();
  const slaveCounts = gauge("slaves", "Slaves by state.", ["state"]);
  for (const state of states) slaveCounts.set({ state }, slaves.filter((slave) => slave.state === state).length);
  const activeVus = gauge("slave_active_vus", "VUs started and not ended.", ["slave"]);
  const cpu = gauge("slave_cpu_ratio", "Share of the slave's processors in use.", ["slave"]);
  const memory = gauge("slave_memory_bytes", "Resident memory of the slave.", ["slave"]);
  const lag = gauge("slave_event_loop_lag_seconds", "Delay of the slave's event loop.", ["slave"]);
  for (const { card: slaveCard, state, status } of slaves) {
    if (state === "offline" || status === null) continue;
    const slave = slaveCard.id;
    activeVus.set({ slave }, status.active_vus);
    cpu.set({ slave }, status.cpu);
    memory.set({ slave }, status.memory);
    lag.set({ slave }, status.event_loop_lag_ms / 1_000);
  }

  const labels = ["execution", "workflow"];
  const executionVus = gauge("execution_active_vus", "VUs started and not ended.", labels);
  const targetVus = gauge("execution_target_vus", "VUs asked for.", labels);
  const iterations = gauge("execution_iterations", "Iterations finished so far.", labels);
  const degraded = gauge("execution_degraded", "1 after a loss or a shortage.", labels);
  for (const status of ["running", "paused"] as const) {
    const { executions: shown } = await executions.list({ status, limit: 500, offset: 0 });
    for (const execution of shown) {
      const tags = { execution: execution.id, workflow: execution.workflow_id };
      executionVus.set(tags, execution.active_vus);
      targetVus.set(tags, execution.target_vus);
      iterations.set(
        tags,
        Object.values(execution.slave_states).reduce((sum, slave) => sum + slave.iterations, 0),
      );
      degraded.set(tags, execution.degraded ? 1 : 0);
    }
  }
  return { type: own.contentType, text: `${await own.metrics()}${await processMetrics.metrics()}` };
}

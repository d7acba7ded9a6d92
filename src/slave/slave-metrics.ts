import type { Slave } from "./slave.ts";

/** Prometheus text of a slave's own state. The library is loaded at the first call. */
export function createSlaveMetrics(slave: Slave, isConnected: () => boolean): () => Promise<string> {
  let made: Promise<() => Promise<string>> | null = null;
  return async () => {
    made ??= makeRegistry(slave, isConnected);
    return (await made)();
  };
}

async function makeRegistry(slave: Slave, isConnected: () => boolean): Promise<() => Promise<string>> {
  const { Gauge, Registry } = await import("prom-client");
  const registry = new Registry();
  const { id } = slave.hello.slave;
  registry.setDefaultLabels({ slave: id });
  const rows: readonly (readonly [name: string, help: string, read: () => number])[] = [
    ["connected", "1 while a master has taken this slave.", () => (isConnected() ? 1 : 0)],
    ["draining", "1 while it asks to be relieved of its VUs.", () => (slave.draining ? 1 : 0)],
    ["active_vus", "VUs started and not ended.", () => slave.status.active_vus],
    ["max_vus", "VUs it takes at most; +Inf: no limit.", () => slave.hello.slave.max_vus ?? Number.POSITIVE_INFINITY],
    ["executions", "Executions it takes part in.", () => slave.agents.list().length],
    ["cpu_ratio", "Of the machine's cores, 0 to 1.", () => slave.status.cpu],
    ["resident_memory_bytes", "Resident memory of the process.", () => slave.status.memory],
    ["event_loop_lag_seconds", "Largest delay of the event loop.", () => slave.status.event_loop_lag_ms / 1_000],
  ];
  for (const [name, help, read] of rows) {
    const gauge = new Gauge({
      name: `workflow_engine_slave_${name}`,
      help,
      registers: [],
      collect() {
        this.set(read());
      },
    });
    registry.registerMetric(gauge);
  }
  return () => registry.metrics();
}

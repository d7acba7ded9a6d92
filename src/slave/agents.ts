import { computeLeaseTimes } from "../cluster/lease-times.ts";
import type { FromSlave, Welcome } from "../protocol/link.ts";
import type { Fact, Order, OrderStamp } from "../protocol/message.ts";
import type { Clock, Log, Masker } from "../protocol/ports.ts";
import { createMasker } from "../run/masker.ts";
import type { ShareRun, ShareRunEvents } from "../run/share-run.ts";
import { createExecutionAgent, type ExecutionAgent, type Source } from "./execution-agent.ts";
import { createExecutionLog } from "./execution-log.ts";

export interface AgentsOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly orphanMs: number;
  /** Dropped while there is no link. */
  send(message: FromSlave): void;
  /** Makes the run of a share; it may start operations only while the lease in `leaseMemory` lasts. */
  createRun(
    order: Order & { readonly type: "prepare" },
    events: ShareRunEvents,
    surroundings: { readonly leaseMemory: SharedArrayBuffer; readonly log: Log },
  ): ShareRun;
}

/** The executions that a slave takes part in, one agent for each source. */
export interface Agents {
  /** In the order in which they came. */
  list(): readonly ExecutionAgent[];
  /** The times of leases that begin from now on. */
  adopt(welcome: Welcome): void;
  obey(order: Order, stamp: OrderStamp): void;
  /** The link is up again. */
  reconnect(): void;
  /** Ends all of them now and frees everything. Idempotent. */
  close(): Promise<void>;
}

/** Ended sources that are remembered: an owner that asks for older ones waits for their lease's end. */
const mostLeft = 10_000;

/** A slave that takes part in nothing yet. */
export function createAgents(options: AgentsOptions): Agents {
  const { clock, log } = options;
  const agents = new Map<string, ExecutionAgent>();
  /** Sources that ended here, with the number of their last frame: they never begin again. */
  const left = new Map<string, number>();
  let times = computeLeaseTimes(30_000, 5_000);
  let closed = false;

  const nameSource = ({ executionId, incarnation }: Source): string => `${executionId}#${incarnation}`;
  const send = ({ executionId, incarnation }: Source, fact: Fact): void =>
    options.send({ type: "fact", execution: executionId, incarnation, fact });

  const add = (source: Source, mask: Masker): ExecutionAgent => {
    const key = nameSource(source);
    const executionLog = createExecutionLog(source.executionId, { clock, log, mask, send: options.send });
    const agent = createExecutionAgent({
      source,
      times,
      clock,
      log: executionLog,
      orphanMs: options.orphanMs,
      send: (fact) => send(source, "message" in fact ? { ...fact, message: mask(fact.message) } : fact),
      createRun: (order, events, leaseMemory) => options.createRun(order, events, { leaseMemory, log: executionLog }),
      onOver: (lastFrame) => {
        agents.delete(key);
        left.set(key, lastFrame);
        for (const [oldest] of left) {
          if (left.size <= mostLeft) break;
          left.delete(oldest);
        }
        log("info", "left an execution", { execution: source.executionId });
      },
    });
    agents.set(key, agent);
    log("info", "takes part in an execution", { execution: source.executionId });
    return agent;
  };

  return {
    list: () => [...agents.values()],
    adopt({ timeoutMs, intervalMs }) {
      times = computeLeaseTimes(timeoutMs, intervalMs);
    },
    obey(order, stamp) {
      const known = agents.get(nameSource(stamp));
      const lastFrame = left.get(nameSource(stamp)) ?? null;
      if (known !== undefined) known.obey(order, stamp);
      else if (order.type === "close") send(stamp, { type: "closed", lastFrame });
      else if (order.type === "prepare" && lastFrame === null && !closed)
        add(stamp, createMasker(order.inputs.secrets)).obey(order, stamp);
    },
    reconnect() {
      for (const agent of agents.values()) agent.reconnect();
    },
    async close() {
      closed = true;
      await Promise.all([...agents.values()].map((agent) => agent.close()));
      agents.clear();
    },
  };
}

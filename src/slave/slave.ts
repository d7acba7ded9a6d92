import type { Hello, MasterLink, SlaveCard, SlaveStatus, ToSlave, Welcome } from "../protocol/link.ts";
import { linkVersion } from "../protocol/link.ts";
import type { Alarm } from "../protocol/ports.ts";
import { computeLeaseTimes } from "../cluster/lease-times.ts";
import { type Agents, type AgentsOptions, createAgents } from "./agents.ts";
import type { ExecutionAgent } from "./execution-agent.ts";

/** A process's look at itself. */
export type ProcessSample = Pick<SlaveStatus, "cpu" | "memory" | "event_loop_lag_ms">;

export interface SlaveOptions extends Omit<AgentsOptions, "send" | "orphanMs"> {
  readonly card: SlaveCard;
  readonly engineVersion: string;
  /** A UUID of this process. */
  readonly instance: string;
  /** Since the call before. */
  sample(): ProcessSample;
  /** Without a word from its owner for so long an execution ends here, ms. Default 2 minutes. */
  readonly orphanMs?: number;
}

/** A slave without its network: the executions it takes part in, and what it says of itself. */
export interface Slave {
  readonly hello: Hello;
  readonly agents: Agents;
  readonly draining: boolean;
  /** As it was said last. */
  readonly status: SlaveStatus;
  /** The master has said welcome; everything goes out here from now on. */
  connect(link: Pick<MasterLink, "send">, welcome: Welcome): void;
  disconnect(): void;
  /** What the master says after welcome. */
  receive(message: Exclude<ToSlave, { readonly type: "welcome" | "refused" }>): void;
  /**
   * Asks to be relieved of all VUs; resolves when it holds none, or after so long when all load was ended here, and what
   * was measured is acknowledged (at most 3 s more). A master that is away is waited for, 5 s at most.
   */
  drain(longestMs: number): Promise<void>;
  /** Ends everything now. Idempotent. */
  close(): Promise<void>;
}

const orphanTimeoutMs = 120_000;
/** How often a drain looks whether it is over, and how long it waits for the last acknowledgements, ms. */
const drainLookMs = 100;
const lastAcknowledgementsMs = 3_000;
/** How long one that leaves waits for a master that is away for a moment. */
const masterAwayMs = 5_000;

/** A slave that is not connected. */
export function createSlave(options: SlaveOptions): Slave {
  const { clock, card, log } = options;
  let link: Pick<MasterLink, "send"> | null = null;
  let leaving = false;
  let ordered = false;
  let alarm: Alarm | null = null;
  const agents = createAgents({
    ...options,
    orphanMs: options.orphanMs ?? orphanTimeoutMs,
    send: (message) => link?.send(message),
  });
  const look = (): SlaveStatus => ({
    ...options.sample(),
    active_vus: agents.list().reduce((sum, agent) => sum + agent.activeVus, 0),
    draining: leaving,
  });
  let status = look();

  const tellStatus = (): void => {
    status = look();
    link?.send({ type: "status", status });
  };
  const wait = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      clock.at(clock.now() + ms, resolve);
    });
  /** False: not within so long. */
  const waitFor = async (isSo: () => boolean, longestMs: number): Promise<boolean> => {
    const until = clock.now() + longestMs;
    while (!isSo()) {
      if (clock.now() >= until) return false;
      await wait(drainLookMs);
    }
    return true;
  };
  const waitForAll = async (holds: (agent: ExecutionAgent) => boolean, longestMs: number): Promise<boolean> => {
    const isSo = () => agents.list().every(holds);
    await waitFor(() => link !== null || isSo(), Math.min(longestMs, masterAwayMs));
    return waitFor(isSo, link === null ? 0 : longestMs);
  };

  return {
    get hello(): Hello {
      return {
        type: "hello",
        version: linkVersion,
        engine: options.engineVersion,
        instance: options.instance,
        slave: card,
        drained: ordered,
      };
    },
    agents,
    get draining() {
      return leaving || ordered;
    },
    get status() {
      return status;
    },
    connect(to, welcome) {
      link = to;
      agents.adopt(welcome);
      const everyMs = computeLeaseTimes(welcome.timeoutMs, welcome.intervalMs).renewMs;
      const repeat = (): void => {
        tellStatus();
        alarm = clock.at(clock.now() + everyMs, repeat);
      };
      alarm?.cancel();
      repeat();
      agents.reconnect();
    },
    disconnect() {
      link = null;
      alarm?.cancel();
    },
    receive(message) {
      switch (message.type) {
        case "order":
          agents.obey(message.order, message.stamp);
          return;
        case "probe":
          link?.send({ type: "probe_answer" });
          return;
        case "drain":
          if (ordered !== message.draining) log("info", message.draining ? "drained by the master" : "undrained");
          ordered = message.draining;
          return;
        default:
          message satisfies never;
      }
    },
    async drain(longestMs) {
      leaving = true;
      tellStatus();
      const relieved = await waitForAll((agent) => agent.relieved, longestMs);
      if (!relieved) log("warn", "leaving with VUs that nobody took over");
      // What was measured since the last frame is in no frame yet.
      for (const agent of agents.list()) agent.leave();
      const settled = await waitForAll((agent) => agent.settled, lastAcknowledgementsMs);
      if (!settled) log("warn", "leaving with measurements that were not acknowledged");
    },
    async close() {
      alarm?.cancel();
      await agents.close();
      link = null;
    },
  };
}

import { advanceAgent, type AgentEvent, type AgentState, createAgentState } from "../../src/cluster/agent.ts";
import { isEmpty } from "../../src/cluster/frame-buffer.ts";
import type { LeaseTimes } from "../../src/cluster/lease-times.ts";
import { mayStart } from "../../src/cluster/slave-lease.ts";
import type { Fact, Order, OrderStamp } from "../../src/protocol/message.ts";
import type { Random } from "../../src/protocol/ports.ts";
import type { GroundTruth } from "./ground-truth.ts";
import { createSimulatedRun } from "./simulated-run.ts";
import type { Trace } from "./simulate.ts";
import type { SimulatedTime } from "./simulated-time.ts";

export interface SimulatedSlaveOptions {
  readonly id: string;
  readonly incarnation: number;
  readonly executionId: string;
  readonly times: LeaseTimes;
  readonly time: SimulatedTime;
  readonly truth: GroundTruth;
  readonly random: Random;
  /** This slave's epoch clock against true time. */
  readonly wallOffsetMs: number;
  readonly periodMs: number;
  readonly trace: Trace | null;
  /** Does its link break again and again? Else what was lost on the way has to be asked for. */
  readonly redials: boolean;
  send(fact: Fact): void;
  /** Does the owner know this source? A slave begins to beat when its owner has told it to prepare. */
  isMember(): boolean;
}

/** One incarnation of a slave: the real agent around a run whose iterations are mere timers. */
export interface SimulatedSlave {
  readonly agent: AgentState;
  receive(order: Order, stamp: OrderStamp): void;
  /** SIGSTOP for so long: what is due meanwhile happens afterwards, in any order. */
  freeze(forMs: number): void;
  /** SIGKILL. */
  kill(): void;
  readonly alive: boolean;
  /** Neither dead nor frozen. */
  readonly answers: boolean;
  /** All operations in frames up to this number. */
  sumFrames(through: number): number;
  /** Operations that are in no frame yet. */
  readonly uncut: number;
  /** Its load is over and all its frames are acknowledged. */
  readonly finished: boolean;
}

export function createSimulatedSlave(options: SimulatedSlaveOptions): SimulatedSlave {
  const { time, random, times, executionId, incarnation } = options;
  // Small ones, so that frames that are not sent yet merge.
  const agent = createAgentState({ executionId, incarnation }, times, { kept: 3, sent: 2, unsent: 2 });
  /** Operations in frames up to each number, as they were sent first. */
  const sums = [0];
  let alive = true;
  let frozenUntil = 0;
  const clock = () => ({ now: time.now + 1_000_000, wall: time.now + 1e9 + options.wallOffsetMs });

  /** A callback of the slave's process: waits while it is frozen. */
  const later = (delayMs: number, task: () => void): void => {
    time.after(delayMs, () => {
      if (!alive) return;
      if (time.now < frozenUntil) later(frozenUntil - time.now + random() * 3, task);
      else task();
    });
  };
  const tell = (event: AgentEvent): void => {
    for (const effect of advanceAgent(agent, event, clock())) {
      if (effect.type === "send") {
        const { fact } = effect;
        if (fact.type === "frame" && fact.frame.number === sums.length) {
          const requests = fact.frame.series.find(({ key }) => key.metric === "http_reqs");
          sums.push((sums.at(-1) ?? 0) + (requests?.type === "counter" ? requests.sum : 0));
        }
        options.send(fact);
      } else {
        options.trace?.(`${time.now} ${options.id}#${incarnation} carries out ${JSON.stringify(effect.order)}`);
        run.carryOut(effect.order);
      }
    }
  };
  const run = createSimulatedRun({
    source: `${options.id}#${incarnation}`,
    truth: options.truth,
    random,
    periodMs: options.periodMs,
    clock,
    trueNow: () => time.now,
    maySend: () => mayStart(agent.lease, clock()),
    later,
    emit: tell,
  });
  let known = false;
  const beat = () => {
    known ||= options.isMember();
    if (known) tell({ type: "beat" });
    later(times.renewMs, beat);
  };
  const resend = () => {
    if (!isEmpty(agent.core.frames)) tell({ type: "connected" });
    later(1_000, resend);
  };
  later(random() * times.renewMs, beat);
  if (options.redials) later(1_000, resend);

  return {
    agent,
    receive: (order, stamp) => later(0, () => tell({ type: "order", order, stamp })),
    freeze(forMs) {
      frozenUntil = Math.max(frozenUntil, time.now + forMs);
    },
    kill() {
      alive = false;
    },
    get alive() {
      return alive;
    },
    get answers() {
      return alive && time.now >= frozenUntil;
    },
    sumFrames: (through) => sums[through] ?? Number.NaN,
    get uncut() {
      return run.uncut;
    },
    get finished() {
      return run.done && isEmpty(agent.core.frames);
    },
  };
}

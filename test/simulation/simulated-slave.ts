import {
  advanceAgent,
  type AgentEvent,
  type AgentState,
  createAgentState,
} from "../../src/cluster/agent.ts";
import type { LeaseTimes } from "../../src/cluster/lease-times.ts";
import type { CarriedOrder, ReportedFact, SlaveEffect } from "../../src/cluster/slave.ts";
import { mayStart } from "../../src/cluster/slave-lease.ts";
import { listIndices } from "../../src/plan/index-runs.ts";
import { countVus } from "../../src/plan/profiles/vu-profile.ts";
import { createLoadProfile } from "../../src/plan/profiles/load-profile.ts";
import type { Frame } from "../../src/protocol/frame.ts";
import type { Fact, Order, OrderStamp } from "../../src/protocol/message.ts";
import type { Load } from "../../src/protocol/load.ts";
import type { Random } from "../../src/protocol/ports.ts";
import type { Share } from "../../src/protocol/plan.ts";
import type { GroundTruth } from "./ground-truth.ts";
import type { SimulatedTime } from "./simulated-time.ts";

export interface SimulatedSlaveOptions {
  readonly id: string;
  readonly incarnation: number;
  readonly executionId: string;
  readonly times: LeaseTimes;
  readonly load: Load;
  readonly time: SimulatedTime;
  readonly truth: GroundTruth;
  readonly random: Random;
  /** This slave's clocks against true time: epoch and monotonic. */
  readonly wallOffsetMs: number;
  readonly periodMs: number;
  send(fact: Fact): void;
}

/** One incarnation of a slave: the real agent over VUs that are mere timers. */
export interface SimulatedSlave {
  readonly agent: AgentState;
  receive(order: Order, stamp: OrderStamp): void;
  /** SIGSTOP for so long: what is due meanwhile happens afterwards, in any order. */
  freeze(forMs: number): void;
  /** SIGKILL. */
  kill(): void;
  readonly alive: boolean;
  /** All operations in frames up to this number. */
  sumFrames(through: number): number;
  /** Operations that are in no frame yet. */
  readonly uncut: number;
  /** Its load is over and all its frames are acknowledged. */
  readonly finished: boolean;
}

export function createSimulatedSlave(options: SimulatedSlaveOptions): SimulatedSlave {
  const { time, truth, random, load, times } = options;
  const source = `${options.id}#${options.incarnation}`;
  const agent = createAgentState(options, times);
  const profile = createLoadProfile(load);
  const held = new Map<number, { readonly epoch: number; begun: boolean }>();
  let alive = true;
  let frozenUntil = 0;
  let origin = Number.POSITIVE_INFINITY;
  let over = false;
  let done = false;
  let counted = 0;
  let number = 0;
  const sums = [0];
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
    for (const effect of advanceAgent(agent, event, clock())) carryOut(effect);
  };
  const testTime = () => clock().now - origin;
  const endMs = profile.kind === "vus" ? (profile.vus.endMs ?? Number.POSITIVE_INFINITY) : profile.rate.endMs;

  const takeShare = (share: Share, epoch: number) => {
    const wanted = new Set(share.scenarios.flatMap((part) => listIndices(part.vus, 0, Number.MAX_SAFE_INTEGER)));
    for (const vu of held.keys()) if (!wanted.has(vu)) held.delete(vu);
    for (const vu of wanted) {
      if (held.has(vu)) continue;
      held.set(vu, { epoch, begun: false });
      if (origin !== Number.POSITIVE_INFINITY) loop(vu, epoch);
    }
  };
  const loop = (vu: number, epoch: number) => {
    const life = held.get(vu);
    if (life === undefined || life.epoch !== epoch || over) return;
    const tau = testTime();
    if (tau >= endMs) return;
    const due = profile.kind === "vus" && vu <= countVus(profile.vus, tau);
    if (tau >= 0 && due && mayStart(agent.lease, clock())) {
      if (!life.begun) {
        life.begun = true;
        truth.beginVu(vu, source, epoch);
      }
      truth.start(vu, source, epoch, time.now);
      counted++;
    }
    later(options.periodMs * (0.5 + random()), () => loop(vu, epoch));
  };
  const cutFrame = () => {
    number++;
    const key = (metric: string) => ({ metric, type: "counter", tags: {} }) as const;
    const frame: Frame = {
      number,
      second: Math.max(0, Math.floor(testTime() / 1_000)) || 0,
      testTimeMs: Number.isFinite(testTime()) ? Math.max(0, testTime()) : 0,
      warmUp: false,
      series: [
        { key: key("http_reqs"), type: "counter", sum: counted },
        { key: key("iterations"), type: "counter", sum: counted },
      ],
      errors: [],
      vus: [],
      overflow: {},
      generator: { cpu: 0, eventLoopLagMs: 0, memory: 0 },
    };
    sums.push((sums.at(-1) ?? 0) + counted);
    counted = 0;
    tell({ type: "frame", frame });
  };
  const everySecond = () => {
    if (done) return;
    if (counted > 0) cutFrame();
    if (testTime() >= endMs) end();
    else later(1_000, everySecond);
  };
  const end = () => {
    if (done) return;
    over = true;
    done = true;
    if (counted > 0) cutFrame();
    tell({ type: "done", lastFrame: number });
  };
  const answer = (fact: ReportedFact) =>
    later(1 + random() * 50, () => tell({ type: "fact", fact }));

  const carryOut = (effect: SlaveEffect): void => {
    switch (effect.type) {
      case "send":
        options.send(effect.fact);
        return;
      case "carry_out":
        obey(effect.order);
        return;
      default:
        effect satisfies never;
    }
  };
  const obey = (order: CarriedOrder): void => {
    switch (order.type) {
      case "prepare":
        takeShare(order.share, 0);
        answer({ type: "prepared" });
        return;
      case "setup":
        truth.runSetup();
        answer({ type: "setup_done", shared: {} });
        return;
      case "start":
        origin = clock().now + order.inMs;
        for (const [vu, { epoch }] of held) later(order.inMs + random() * 20, () => loop(vu, epoch));
        later(1_000, everySecond);
        answer({ type: "started", atWallMs: clock().wall + order.inMs });
        return;
      case "stop":
        later(random() * order.graceMs, end);
        return;
      case "teardown":
        truth.runTeardown();
        answer({ type: "teardown_done" });
        return;
      case "close":
        end();
        answer({ type: "closed" });
        return;
      case "release": {
        const { epoch } = order;
        takeShare(order.share, epoch);
        later(random() * 20, () =>
          tell({ type: "fact", fact: { type: "released", epoch, unstarted: [], begun: [] } }),
        );
        return;
      }
      case "grant":
        takeShare(order.share, order.epoch);
        return;
      case "expel":
        end();
        return;
      case "suspend":
      case "go_on":
      case "allot":
      case "claimed":
      case "pause":
      case "resume":
      case "scale":
        return;
      default:
        order satisfies never;
    }
  };
  const beat = () => {
    tell({ type: "beat" });
    later(times.renewMs, beat);
  };
  const resend = () => {
    if (agent.core.unacknowledged.length > 0) tell({ type: "connected" });
    later(1_000, resend);
  };
  later(random() * times.renewMs, beat);
  later(1_000, resend);

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
    sumFrames: (through) => sums[through] ?? Number.NaN,
    get uncut() {
      return counted;
    },
    get finished() {
      return done && agent.core.unacknowledged.length === 0;
    },
  };
}

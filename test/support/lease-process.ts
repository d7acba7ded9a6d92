import { cutPlan } from "../../src/plan/cut-plan.ts";
import type { Load } from "../../src/protocol/load.ts";
import type { Share } from "../../src/protocol/plan.ts";
import { createShareRun } from "../../src/run/create-share-run.ts";
import { createLeaseMemory, writeLease } from "../../src/run/lease-memory.ts";
import { clock, planTellingLoad } from "./shared-load.ts";

// A process of its own that puts load on a target under a lease, so that it can be frozen: test/faults/lease.test.ts.

/** What the test says to it. */
export type LeaseOrder =
  | { readonly type: "renew"; readonly forMs: number }
  /** Ends the load; `sums` answers. */
  | { readonly type: "stop" };

/** What it says to the test. */
export type LeaseFact =
  | { readonly type: "started" }
  | { readonly type: "renewed" }
  | { readonly type: "sums"; readonly sums: Readonly<Record<string, number>>; readonly faults: readonly string[] };

const [url = "", threads = "1", load = "", pacing = "0"] = process.argv.slice(2);
const plan = planTellingLoad(url, JSON.parse(load) as Load, { pacingMs: Number(pacing), gracefulStopMs: 30_000 });
const leaseMemory = createLeaseMemory();
const sums: Record<string, number> = {};
const faults: string[] = [];
const tell = (fact: LeaseFact) => process.send?.(fact);

const run = createShareRun(
  {
    plan,
    share: cutPlan(plan, [1])[0] as Share,
    inputs: { env: {}, secrets: {} },
    slaveId: "frozen",
    files: new Map(),
    seed: 0,
    threads: Number(threads),
    clock,
    random: Math.random,
    log: () => undefined,
    targets: null,
    connections: {},
    opensFiles: false,
    leaseMemory,
  },
  {
    onArrivals: () => undefined,
    onFrame(frame) {
      for (const one of frame.series) {
        if (one.type === "counter") sums[one.key.metric] = (sums[one.key.metric] ?? 0) + one.sum;
      }
    },
    onDone: () => {
      tell({ type: "sums", sums, faults });
      run.close().catch((error: unknown) => faults.push(String(error)));
    },
    onFault: (error) => faults.push(String(error)),
    onStarted: () => tell({ type: "started" }),
    onIdle: () => undefined,
    onWant: () => undefined,
    onRowsOver: () => undefined,
    onReturn: () => undefined,
    onClaim: () => undefined,
  },
);

const renew = (forMs: number) => writeLease(leaseMemory, clock.now() + forMs, clock.wall() + forMs);

process.on("message", (order: LeaseOrder) => {
  if (order.type === "stop") return run.stop(30_000);
  renew(order.forMs);
  tell({ type: "renewed" });
});
process.on("disconnect", () => process.exit(1));

renew(600_000);
await run.prepare();
run.start(clock.now() + 20, {});

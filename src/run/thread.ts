import { parentPort, workerData } from "node:worker_threads";
import { createRecorder } from "../measure/thread-recorder.ts";
import { createClaims } from "./claims.ts";
import { createGeneratorWatch } from "./generator-watch.ts";
import { createInThread } from "./in-thread.ts";
import { createOwnerOffset } from "./lease-memory.ts";
import { createMasker } from "./masker.ts";
import { createPermit } from "./permit.ts";
import { rehearseThenCompile } from "./rehearse.ts";
import { createSeededRandom } from "../flow/seeded-random.ts";
import { createSystemClock } from "./system-clock.ts";
import { systemTime } from "./system-time.ts";
import {
  type Answer,
  packError,
  readSharedInstant,
  type ThreadFact,
  type ThreadInput,
  type ThreadOrder,
} from "./thread-message.ts";

// The entry of a worker thread: it builds the thread's ports, makes its part of the share and obeys messages.

const port = parentPort;
if (port === null) throw new Error("thread.ts is the entry of a worker thread; it cannot be run by itself");

const input = workerData as ThreadInput;
const { plan, inputs, threads, leaseMemory } = input;
const clock = createSystemClock(systemTime);
const masker = createMasker(inputs.secrets);
const tell = (fact: ThreadFact) => port.postMessage(fact);

const part = createInThread(
  {
    plan,
    share: input.share,
    context: {
      workflow: plan.workflow,
      inputs,
      slaveId: input.slaveId,
      recorder: createRecorder({ clock, masker }),
      clock,
      random: createSeededRandom(input.seed),
      log: (level, message, fields) => tell({ type: "log", level, message, fields }),
      permit: createPermit(input.targets, leaseMemory, clock),
      ownerOffsetMs: createOwnerOffset(leaseMemory),
      masker,
      connections: input.connections,
      opensFiles: input.opensFiles,
      threads,
      files: input.files,
    },
    leaseMemory,
    claims: createClaims(input.claimMemory, threads),
    seed: input.commonSeed,
    watch: createGeneratorWatch(),
    compile: rehearseThenCompile(plan),
  },
  {
    onStarted: (at) => tell({ type: "started", at: readSharedInstant() + (at - clock.now()) }),
    onIdle: (idle, changes) => tell({ type: "idle", idle, changes }),
    onWant: (scenario) => tell({ type: "want", scenario }),
    onClaim: (scenario, through) => tell({ type: "claim", scenario, through }),
    onArrivals: (arrivals) => tell({ type: "arrive", arrivals }),
    onSpareRow: (line, row) => tell({ type: "spare_row", line, row }),
    onRowsOver: (feeder) => tell({ type: "rows_over", feeder }),
    onFrame: (frame) => tell({ type: "frame", part: frame }),
    onDone: () => tell({ type: "done" }),
    onFault: (error) => tell({ type: "fault", error: packError(error) }),
  },
);

const toLocal = (instant: number) => clock.now() + (instant - readSharedInstant());

const answer = (call: number, work: Promise<Answer | undefined | void>) => {
  work.then(
    (value) => tell({ type: "answer", call, value: value ?? null }),
    (error: unknown) => tell({ type: "failure", call, error: packError(error) }),
  );
};

const obey = (order: ThreadOrder): void => {
  switch (order.type) {
    case "prepare":
      return answer(order.call, part.prepare(order.indexes));
    case "setup":
      return answer(order.call, part.setup());
    case "close":
      return answer(order.call, part.close());
    case "start":
      return part.start(toLocal(order.at), order.shared, order.pauses);
    case "pause":
      return answer(order.call, part.pause(order.atTestTimeMs));
    case "resume":
      return part.resume(toLocal(order.at), order.testTimeMs);
    case "pause_scenario":
      return answer(order.call, part.pauseScenario(order.scenario, order.atMs));
    case "resume_scenario":
      return part.resumeScenario(order.scenario, order.atMs, order.pausedMs);
    case "scale":
      return part.scale(order.scenario, order.testTimeMs, order.target, order.overMs);
    case "release":
      return answer(order.call, part.release(order.share));
    case "grant":
      return part.grant(order.share);
    case "allot":
      return part.allot(order.scenario, order.ranges, order.last);
    case "claimed":
      return part.claimed(order.scenario, order.through);
    case "proceed":
      return part.proceed(order.scenario, order.points);
    case "watch_lease":
      return part.watchLease();
    case "stop":
      return part.stop(order.graceMs);
    case "teardown":
      return answer(order.call, part.teardown(order.shared));
    default:
      order satisfies never;
  }
};

port.on("message", obey);

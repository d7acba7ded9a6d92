import { expect, test } from "vitest";
import { makeWorkflow } from "../../test/support/flow-run.ts";
import { createScenario } from "../../test/support/staged-run.ts";
import { createRecorder } from "../measure/thread-recorder.ts";
import { makePlan } from "../plan/make-plan.ts";
import { createMasker } from "./masker.ts";
import { rehearseThenCompile } from "./rehearse.ts";
import { createSystemClock } from "./system-clock.ts";
import { noFeeds } from "../data/feeds.ts";
import { noMeetings } from "../flow/rendezvous/meetings.ts";

test.each([10, 5_000])(
  "before %i starts a second: the workflow itself is compiled and nothing is measured",
  async (rate) => {
    const load = { mode: "constant-arrival-rate", rate, timeUnitMs: 1_000, durationMs: 1_000 } as const;
    const scenarios = [createScenario({ ...load, preAllocatedVus: 5, maxVus: 5 })];
    const workflow = { ...makeWorkflow([]), scenarios };
    const clock = createSystemClock({ now: () => performance.now(), wall: () => Date.now() });
    const masker = createMasker({});
    const recorder = createRecorder({ clock, masker });
    const logged: string[] = [];
    const compiled = await rehearseThenCompile(makePlan(workflow))({
      workflow,
      inputs: { env: {}, secrets: {} },
      slaveId: "slave",
      recorder,
      clock,
      random: Math.random,
      log: (_level, message) => logged.push(message),
      permit: { maySend: () => false, refuses: () => "nothing may be dialled" },
      connections: {},
      opensFiles: false,
      threads: 1,
      masker,
      files: new Map(),
      feeds: noFeeds,
      meetings: noMeetings,
    });
    expect(compiled.scenarios).toHaveLength(1);
    expect(recorder.cut()).toEqual({ series: [], errors: [], overflow: {} });
    expect(logged).toEqual([]);
    const openSockets = () => process.getActiveResourcesInfo().filter((name) => name.startsWith("TCP"));
    await expect.poll(openSockets).toEqual([]);
    await compiled.close();
  },
);

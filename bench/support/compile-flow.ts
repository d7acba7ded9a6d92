import { noFeeds } from "../../src/data/feeds.ts";
import { loadWorkflow, loadWorkflowObject } from "../../src/definition/load-workflow.ts";
import type { CompiledScenario } from "../../src/flow/compiled.ts";
import { compileWorkflow } from "../../src/flow/compile-workflow.ts";
import { noMeetings } from "../../src/flow/rendezvous/meetings.ts";
import type { WorkflowFolder } from "../../src/local/workflow-folder.ts";
import { createRecorder } from "../../src/measure/thread-recorder.ts";
import { createSystemClock } from "../../src/run/system-clock.ts";
import { systemTime } from "../../src/run/system-time.ts";
import type { Asker } from "./bare-and-step.ts";

/** The only scenario of a workflow, compiled as a load thread has it. */
export interface Flow {
  readonly scenario: CompiledScenario;
  close(): Promise<void>;
}

/** Compiles a workflow with one scenario, given as text or as an object; `files`: those it may name. */
export async function compileFlow(workflow: string | object, files?: WorkflowFolder): Promise<Flow> {
  const options = { env: {}, ...(files === undefined ? {} : { files }) };
  const loaded =
    typeof workflow === "string"
      ? loadWorkflow({ text: workflow, fileName: "bench.yaml" }, options)
      : loadWorkflowObject(workflow as Parameters<typeof loadWorkflowObject>[0], options);
  if ("problems" in loaded) throw new Error(JSON.stringify(loaded.problems));
  const clock = createSystemClock(systemTime);
  const masker = (text: string): string => text;
  const compiled = await compileWorkflow({
    workflow: loaded.workflow,
    inputs: { env: {}, secrets: {} },
    slaveId: "bench",
    connections: {},
    opensFiles: true,
    threads: 1,
    files: files?.locate(loaded.workflow.files) ?? new Map(),
    feeds: noFeeds,
    meetings: noMeetings,
    recorder: createRecorder({ clock, masker }),
    clock,
    random: Math.random,
    log: () => undefined,
    permit: { maySend: () => true, refuses: () => null },
    masker,
  });
  const [scenario] = compiled.scenarios;
  if (scenario === undefined) throw new Error("no scenario");
  return { scenario, close: () => compiled.close() };
}

/** So many VUs, each of which asks by an iteration. */
export function createAskers({ scenario }: Flow, count: number): Asker[] {
  const { signal } = new AbortController();
  return Array.from({ length: count }, (_, place) => {
    const vu = scenario.createVu(place + 1, signal);
    return {
      async ask() {
        if ((await scenario.iteration(vu)) !== "passed") throw new Error("an iteration failed");
      },
      close: () => scenario.closeVu(vu),
    };
  });
}

import { onTestFinished } from "vitest";
import { loadWorkflow } from "../../src/definition/load-workflow.ts";
import { compileWorkflow } from "../../src/flow/compile-workflow.ts";
import type { CompiledScenario, CompiledWorkflow, IterationOutcome } from "../../src/flow/compiled.ts";
import { createRecorder } from "../../src/measure/thread-recorder.ts";
import type { Clock, Permit } from "../../src/protocol/ports.ts";
import type { VirtualUser } from "../../src/protocol/step.ts";
import { createMasker } from "../../src/run/masker.ts";
import { createSystemClock } from "../../src/run/system-clock.ts";
import { systemTime } from "../../src/run/system-time.ts";
import { noFeeds } from "../../src/data/feeds.ts";
import { noMeetings } from "../../src/flow/rendezvous/meetings.ts";

/** A workflow of text, compiled with the real step types. */
export interface ScriptedFlow {
  readonly compiled: CompiledWorkflow;
  /** The first one. */
  readonly scenario: CompiledScenario;
  readonly stop: AbortController;
  /** `level text {fields}`, in order, masked. */
  readonly logged: readonly string[];
  createVu(id?: number): VirtualUser;
  /** One iteration, of a VU of its own unless one is given. */
  iterate(vu?: VirtualUser): Promise<IterationOutcome>;
  /** `code: message` -> count, since the last call of `cut`. */
  cut(): Cut;
}

export interface Cut {
  readonly errors: Readonly<Record<string, number>>;
  /** `metric{check}` or `metric` -> value: `passes/total` of rates, the sum of counters and trends, the last of gauges; of all series together but for rates and gauges. */
  readonly values: Readonly<Record<string, string | number>>;
}

/** Compiles a workflow; everything it holds is freed when the test ends. */
export async function startScriptedFlow(
  text: string,
  inputs: { readonly env?: Record<string, string>; readonly secrets?: Record<string, string> } = {},
  permit: Permit = { maySend: () => true, refuses: () => null },
  clock: Clock = createSystemClock(systemTime),
): Promise<ScriptedFlow> {
  const { env = {}, secrets = {} } = inputs;
  const loaded = loadWorkflow({ text, fileName: "test.yaml" }, { env });
  if ("problems" in loaded)
    throw new Error(loaded.problems.map(({ path, message }) => `${path}: ${message}`).join("\n"));
  const masker = createMasker(secrets);
  const recorder = createRecorder({ clock, masker });
  const logged: string[] = [];
  const compiled = await compileWorkflow({
    workflow: loaded.workflow,
    inputs: { env, secrets },
    slaveId: "slave-1",
    files: new Map(),
    feeds: noFeeds,
    meetings: noMeetings,
    connections: {},
    opensFiles: false,
    threads: 1,
    recorder,
    clock,
    random: Math.random,
    log: (level, message, fields) => logged.push(masker(`${level} ${message} ${JSON.stringify(fields)}`)),
    permit,
    masker,
  });
  onTestFinished(() => compiled.close());
  const scenario = compiled.scenarios[0];
  if (scenario === undefined) throw new Error("the workflow has no scenario");
  const stop = new AbortController();
  let lastId = 0;
  const createVu = (id = ++lastId): VirtualUser => scenario.createVu(id, stop.signal);

  return {
    compiled,
    scenario,
    stop,
    logged,
    createVu,
    async iterate(vu = createVu()) {
      const outcome = await scenario.iteration(vu);
      vu.vuIteration++;
      vu.iteration++;
      return outcome;
    },
    cut: () => {
      const { errors, series } = recorder.cut();
      const values: Record<string, string | number> = {};
      for (const delta of series) {
        const { metric, tags } = delta.key;
        const name = tags["check"] === undefined ? metric : `${metric}{${tags["check"]}}`;
        if (delta.type === "rate") values[name] = `${delta.passes}/${delta.total}`;
        else if (delta.type === "gauge") values[name] = delta.value;
        else values[name] = Number(values[name] ?? 0) + delta.sum;
      }
      return {
        errors: Object.fromEntries(errors.map(({ code, message, count }) => [`${code}: ${message}`, count])),
        values,
      };
    },
  };
}

/** A step of a script, as YAML; the script's lines may be indented in any way. */
export function scriptStep(id: string, script: string, more = ""): string {
  const lines = script.trim().split("\n");
  return `  - id: ${id}\n    type: script\n${more === "" ? "" : `    ${more}\n`}    config:\n      script: |\n${lines.map((line) => `        ${line}`).join("\n")}\n`;
}

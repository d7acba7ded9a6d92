import { EngineError } from "../errors.ts";
import type { Json } from "../protocol/json.ts";
import type { Masker } from "../protocol/ports.ts";
import type { SharedValues } from "../protocol/report.ts";
import type { StepResult } from "../protocol/step.ts";
import { read } from "../protocol/step.ts";
import type { Step } from "../protocol/workflow.ts";
import type { FlowVu } from "./flow-vu.ts";
import { interrupted, passed } from "./outcome.ts";
import type { RunSteps } from "./place.ts";
import type { References } from "./references.ts";

/** Bytes of JSON that a setup may hand on to all VUs. */
const maxSharedBytes = 1024 * 1024;

/** Runs setup or teardown steps. Throws EngineError `code`, naming the step that failed. */
export async function runOnce(
  run: RunSteps,
  vu: FlowVu,
  code: "setup_failed" | "teardown_failed",
  masker: Masker,
): Promise<void> {
  const outcome = await run(vu, Infinity);
  if (outcome === passed) return;
  const what = code === "setup_failed" ? "the setup" : "the teardown";
  const failure = vu.latestFailure;
  if (outcome === interrupted || failure === null) throw new EngineError(code, `${what} was interrupted`);
  throw new EngineError(code, `${what} failed at step ${failure.stepId}: ${masker(failure.message)}`);
}

/**
 * What the setup's VU hands on: its variables, and under `steps` what is read of its steps' results. Throws EngineError
 * `setup_failed` when that is more than 1 MiB of JSON.
 */
export function collectShared(vu: FlowVu, steps: readonly Step[], references: References): SharedValues {
  const values: Record<string, Json> = {};
  for (const variables of [vu.vuVariables, vu.variables]) {
    for (const [name, value] of variables) if (value !== undefined) values[name] = value as Json;
  }
  const results = steps.flatMap((step) => {
    const result = vu.results[references.slots.get(step.id) ?? -1];
    return result === undefined ? [] : [[step.id, copyResult(result, step.id, references)] as const];
  });
  if (results.length > 0) values["steps"] = Object.fromEntries(results);
  checkSize(values);
  return values;
}

function copyResult(result: StepResult, stepId: string, references: References): Json {
  const { body, headers } = references.readsOf(stepId);
  const keys = ["status_code", "duration", "error_code"];
  if (body) keys.push("body", "output");
  if (headers) keys.push("headers");
  return Object.fromEntries(keys.map((key) => [key, (result[read](key) ?? null) as Json]));
}

function checkSize(values: SharedValues): void {
  const text = JSON.stringify(values, (_key, value: unknown) => (typeof value === "bigint" ? String(value) : value));
  const size = Buffer.byteLength(text);
  if (size <= maxSharedBytes) return;
  throw new EngineError(
    "setup_failed",
    `the setup sets ${size} bytes of variables, at most ${maxSharedBytes} can be handed on; extract only what the steps need`,
  );
}

/** Nobody may change what all VUs read. */
export function freezeDeep(value: Json): void {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return;
  Object.freeze(value);
  for (const item of Object.values(value)) freezeDeep(item);
}

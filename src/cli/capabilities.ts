import { EngineError } from "../errors.ts";
import type { Log } from "../protocol/ports.ts";
import { type ExecutorFactory, stepExecutors } from "../step-executors.ts";
import { stepSpecs } from "../step-specs.ts";

/**
 * Loads what a slave announces, so that it can do it. Throws EngineError `start_failed` for one whose code or
 * driver does not load.
 */
export async function loadCapabilities(capabilities: readonly string[], log: Log): Promise<void> {
  for (const capability of capabilities) {
    const types = Object.entries(stepSpecs).filter(([, spec]) => spec.capability === capability);
    if (types.length === 0) log("debug", `${capability} is announced; this version has no steps that need it`);
    for (const [type] of types) await loadExecutor(type, capability);
  }
}

async function loadExecutor(type: string, capability: string): Promise<void> {
  const load = (Object.entries(stepExecutors) as readonly [string, () => Promise<ExecutorFactory>][]).find(
    ([name]) => name === type,
  )?.[1];
  try {
    const create = await load?.();
    await create?.loadDrivers?.();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new EngineError("start_failed", `${capability} cannot be offered: ${type} steps do not load: ${message}`, {
      cause: error,
      hint: "install what is missing, or leave the capability out of --capabilities",
    });
  }
}

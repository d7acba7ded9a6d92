import type { FleetState } from "../cluster/fleet-state.ts";
import { EngineError } from "../errors.ts";
import { openOutputs, type Outputs, type PackedOutputs } from "../outputs/open-outputs.ts";
import { isFileOutput } from "../protocol/output.ts";
import type { Clock, Log, Permit } from "../protocol/ports.ts";
import type { Workflow } from "../protocol/workflow.ts";
import type { ExecutionCard } from "./describe-execution.ts";
import type { ExecutionFiles } from "./execution-files.ts";

export interface ExecutionOutputsSetup {
  readonly files: Pick<ExecutionFiles, "locateOutput">;
  readonly clock: Clock;
  readonly log: Log;
  readonly refuses: Permit["refuses"];
  /** What this master's predecessor kept; null: none. */
  readonly packed: PackedOutputs | null;
}

/** Opens the live streams of an execution; files among them lie in its folder. */
export function openExecutionOutputs(
  { id, workflow }: ExecutionCard,
  fleet: FleetState,
  setup: ExecutionOutputsSetup,
): Outputs {
  const { secrets } = fleet.core.inputs;
  return openOutputs({
    ...setup,
    specs: workflow.outputs,
    execution: { executionId: id, workflowId: workflow.id, workflowName: workflow.name },
    snapshot: fleet.core.snapshot,
    startedAt: () => fleet.core.started?.wall ?? null,
    secrets,
    mask: (text) =>
      Object.values(secrets).reduce(
        (masked, secret) => (secret === "" ? masked : masked.replaceAll(secret, "***")),
        text,
      ),
    locate: (path) => setup.files.locateOutput(id, nameOutputFile(path)),
    random: Math.random,
  });
}

/** What a file output is called on a master: the last part of its path. */
export function nameOutputFile(path: string): string {
  return path.split(/[\\/]/).at(-1) ?? "";
}

/** Can these be files of an execution? Throws EngineError `invalid_request`. */
export function checkOutputFiles({ outputs }: Workflow): void {
  const taken = new Set<string>();
  for (const { type, target } of outputs) {
    if (!isFileOutput(type)) continue;
    const name = nameOutputFile(target);
    const shown = JSON.stringify(name.slice(0, 100));
    if (!isOutputFileName(name)) {
      throw new EngineError(
        "invalid_request",
        `an output cannot be named ${shown}; it takes a file's name such as points.json`,
      );
    }
    if (taken.has(name.toLowerCase()))
      throw new EngineError("invalid_request", `two outputs are named ${shown}; choose another name`);
    taken.add(name.toLowerCase());
  }
}

/** A plain name: letters, digits, dots and the like, no dot at its beginning. */
export function isOutputFileName(name: string): boolean {
  return /^[\p{L}\p{N}_][\p{L}\p{M}\p{N}._ -]{0,99}$/u.test(name);
}

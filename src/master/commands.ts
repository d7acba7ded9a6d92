import { shortGrace } from "../cluster/owner-end.ts";
import { EngineError } from "../errors.ts";
import type { Scenario, Workflow } from "../protocol/workflow.ts";
import type { Archive } from "./archive.ts";
import { statusOf } from "./describe-execution.ts";
import type { Executions, ScaleRequest, StopRequest } from "./executions.ts";
import type { SteeredExecution } from "./steer-execution.ts";
import type { Steering } from "./steering.ts";
import { createNotTakenUp, createUnknownExecution } from "./unknown-execution.ts";

type Commands = Pick<Executions, "pause" | "resume" | "scale" | "stop">;

/** Steers executions by their ids. */
export function createCommands(steering: Steering, archive: Archive, createId: () => string): Commands {
  const find = (id: string): SteeredExecution | null => {
    const steered = steering.steered.get(id);
    return steered === undefined || steered.report !== null ? null : steered;
  };
  const findQueued = (id: string) => steering.queue.find(({ card }) => card.id === id) ?? null;
  /** Why there is nothing to steer. */
  const explain = async (id: string, what: string): Promise<EngineError> => {
    // What was not there yet when it was looked for may be there when the look is over.
    const isAwaited = steering.untaken.has(id);
    const ended = await archive.describe(id);
    if (ended === null) return isAwaited ? createNotTakenUp() : createUnknownExecution(id);
    return new EngineError("conflict", `execution ${id} has ended (${ended.status}): it cannot be ${what}`);
  };
  const turn = async (id: string, type: "pause" | "resume", scenario: string | null) => {
    if (findQueued(id) !== null) {
      throw new EngineError("conflict", `execution ${id} waits for its start: there is nothing to ${type}`);
    }
    const steered = find(id);
    if (steered === null) throw await explain(id, `${type}d`);
    const only = scenario === null ? {} : { scenario: findScenario(steered.card.workflow, scenario).name };
    await steered.live.command({ type, command: createId(), ...only });
    await steering.settled();
    return statusOf(steered.live.fleet);
  };

  return {
    pause: (id, scenario) => turn(id, "pause", scenario),
    resume: (id, scenario) => turn(id, "resume", scenario),
    async scale(id, request) {
      const queued = findQueued(id);
      if (queued !== null) {
        const { name } = chooseScenario(queued.card.workflow, request);
        steering.scaleQueued(queued, { ...request, scenario: name });
        return request.target;
      }
      const steered = find(id);
      if (steered === null) throw await explain(id, "scaled");
      const { name } = chooseScenario(steered.card.workflow, request);
      const { target, overMs } = request;
      await steered.live.command({ type: "scale", command: createId(), scenario: name, target, overMs });
      return target;
    },
    async stop(id, request) {
      const queued = findQueued(id);
      if (queued !== null) {
        const end = { status: "aborted", reason: request.reason } as const;
        return steering.abandon(queued, end, `execution ${id} was stopped before its start`);
      }
      const steered = find(id);
      if (steered === null) {
        const isAwaited = steering.untaken.has(id);
        if ((await archive.describe(id)) === null) throw isAwaited ? createNotTakenUp() : createUnknownExecution(id);
        return;
      }
      await steered.live.command({
        type: "stop",
        command: createId(),
        graceMs: chooseGrace(steered, request),
        reason: request.reason,
      });
    },
  };
}

/** A second stop, or a forced one, leaves no time. */
function chooseGrace({ live }: SteeredExecution, { force, graceMs }: StopRequest): number {
  const { core } = live.fleet;
  const stopping = core.phase !== "preparing" && core.phase !== "setup" && core.phase !== "running";
  return force || stopping ? 0 : (graceMs ?? shortGrace(core.plan));
}

function chooseScenario(workflow: Workflow, { scenario, of }: ScaleRequest): Scenario {
  const [only, ...more] = workflow.scenarios;
  if (scenario === null && more.length > 0) {
    throw new EngineError("invalid_request", `name the scenario to scale: ${listNames(workflow)}`);
  }
  const found = scenario === null && only !== undefined ? only : findScenario(workflow, scenario);
  const { mode } = found.load;
  const isRate = mode === "constant-arrival-rate" || mode === "ramping-arrival-rate";
  if (isRate === (of === "rate")) return found;
  const advice = isRate ? "it has a rate: give target_rate" : "it has VUs: give target_vus";
  throw new EngineError("conflict", `scenario ${found.name} is ${mode}; ${advice}`);
}

function findScenario(workflow: Workflow, scenario: string | null): Scenario {
  const found = workflow.scenarios.find(({ name }) => name === scenario);
  if (found !== undefined) return found;
  throw new EngineError("not_found", `there is no scenario ${scenario}; there are: ${listNames(workflow)}`);
}

function listNames({ scenarios }: Workflow): string {
  return scenarios.map(({ name }) => name).join(", ");
}

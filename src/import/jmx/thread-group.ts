import type { Json, JsonObject } from "../../protocol/json.ts";
import type { Draft } from "../draft.ts";
import type { PlanNode } from "./read-plan.ts";

/** The load of a Thread Group, as fields of a scenario. */
export function readLoad(node: PlanNode, draft: Draft): JsonObject {
  const where = node.name;
  const number = (text: string | undefined, what: string, otherwise: number): number => {
    const given = (text ?? "").trim();
    // `-Jname=value` of a load has its default in the plan.
    const shown = /^\$\{__(?:P|property)\([^,]*,(?:[^,]*,)?\s*(\d+)\s*\)\}$/.exec(given)?.[1] ?? given;
    if (/^-?\d+(?:\.\d+)?$/.test(shown)) return Math.min(Number(shown), 10_000_000);
    if (given !== "") draft.leaveOut(`${what} ${given}`, where, `it is no number; ${otherwise} is taken`);
    return otherwise;
  };
  if (node.kind !== "ThreadGroup") {
    draft.leaveOut(`the load of ${node.kind}`, where, "only the plain Thread Group's is read; its steps run once");
    return { mode: "per-vu-iterations", vus: 1, iterations: 1 };
  }
  const vus = Math.max(1, Math.round(number(node.props.get("ThreadGroup.num_threads"), "threads", 1)));
  const rampUp = number(node.props.get("ThreadGroup.ramp_time"), "ramp-up", 0);
  const scheduler = node.props.get("ThreadGroup.scheduler") === "true";
  const duration = scheduler ? number(node.props.get("ThreadGroup.duration"), "duration", 0) : 0;
  const delay = scheduler ? number(node.props.get("ThreadGroup.delay"), "delay", 0) : 0;
  const controller = node.parts.get("ThreadGroup.main_controller");
  const loops = number(controller?.props.get("LoopController.loops"), "loops", 1);
  const start: JsonObject = delay > 0 ? { start_time: `${delay}s` } : {};
  if (loops < 0) {
    if (duration <= 0) draft.leaveOut("the load without an end", where, "a run has one; 1m is taken: see `duration`");
    const seconds = duration > 0 ? duration : 60;
    return {
      mode: "constant-vus",
      vus,
      duration: `${seconds}s`,
      ...(rampUp > 0 && vus > 1 ? { ramp_up: `${Math.min(rampUp, seconds)}s` } : {}),
      ...start,
    };
  }
  if (rampUp > 0 && vus > 1)
    draft.leaveOut(`ramp-up of ${rampUp} s`, where, "virtual users with a number of iterations start together");
  const limit: JsonObject = duration > 0 ? { duration: `${duration}s` } : { max_duration: "24h" };
  return { mode: "per-vu-iterations", vus, iterations: Math.max(1, loops), ...limit, ...start };
}

/** What a failed request means: JMeter goes on unless the group says otherwise. */
export function readOnError(node: PlanNode, draft: Draft): Json {
  const given = node.props.get("ThreadGroup.on_sample_error") ?? "continue";
  if (given === "continue") return "continue";
  if (given !== "startnextloop")
    draft.leaveOut(`on a sample's error: ${given}`, node.name, "the iteration ends, and the next one begins");
  return "abort";
}

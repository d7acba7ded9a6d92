import { pauseShape, resolvePause } from "../../protocol/pause.ts";
import { object } from "../../protocol/shape.ts";
import { listTemplates, type StepSpec } from "../../protocol/step-spec.ts";

/** Waits. */
export const sleepSpec: StepSpec = {
  kind: "flow",
  capability: null,
  config: object({ duration: pauseShape }, ["duration"]),
  short: "duration",
  children: [],
  metrics: [],
  resolve: (config, context) => {
    const duration = resolvePause(config["duration"] ?? 0);
    if (typeof duration.minMs === "number" && typeof duration.maxMs === "number" && duration.minMs > duration.maxMs) {
      context.report(["duration"], "`min` is longer than `max`; exchange them");
    }
    return { duration: { ...duration } };
  },
  listTexts: (config) => listTemplates(config),
};

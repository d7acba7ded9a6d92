import type { Json } from "../../protocol/json.ts";
import { pauseShape, resolvePause } from "../../protocol/pause.ts";
import { describe, object } from "../../protocol/shape.ts";
import { listTemplates, type StepSpec } from "../../protocol/step-spec.ts";

/** Waits. */
export const sleepSpec: StepSpec = {
  kind: "flow",
  capability: null,
  config: describe(
    object(
      {
        duration: describe(
          pauseShape,
          "How long to wait: `1s`, or `{min, max}` for a random time between; a bare number is milliseconds. Required.",
        ),
      },
      ["duration"],
    ),
    "Waits.",
  ),
  short: "duration",
  children: [],
  metrics: [],
  resolve: (config, context) => {
    const duration = resolvePause(config["duration"] ?? 0);
    const { minMs, maxMs } = duration;
    // A range without its end has been reported.
    if (typeof minMs === "number" && typeof maxMs === "number" && minMs > maxMs && isWhole(config["duration"])) {
      context.report(["duration"], "`min` is longer than `max`; exchange them");
    }
    return { duration: { ...duration } };
  },
  listTexts: (config) => listTemplates(config),
};

function isWhole(duration: Json | undefined): boolean {
  return typeof duration !== "object" || duration === null || Object.hasOwn(duration, "max");
}

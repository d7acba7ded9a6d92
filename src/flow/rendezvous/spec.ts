import type { Json } from "../../protocol/json.ts";
import { describe, flag, object, type Shape } from "../../protocol/shape.ts";
import { listTemplates, type StepSpec } from "../../protocol/step-spec.ts";
import { parseDuration } from "../../quantity.ts";

/** What a rendezvous' config is after definition. */
export interface RendezvousConfig {
  /** VUs that go on together; null: all that run. */
  readonly count: number | null;
  /** Milliseconds of test time, or a template that yields a duration. */
  readonly timeout: number | string;
}

const count: Shape = { kind: "number", whole: true, min: 1, max: 1_000_000 };
const time: Shape = { kind: "duration", positive: true, templates: true };

/** VUs of a scenario wait for each other, wherever they run. */
export const rendezvousSpec: StepSpec = {
  kind: "flow",
  capability: null,
  config: describe(
    object({
      count: describe(count, "So many VUs go on together, once they have come. Required, unless `all` is true."),
      all: describe(flag, "All VUs of the scenario that run go on together. Default: false."),
      timeout: describe(
        time,
        "After so much time without the others the step fails, such as `1m`, in test time. Default: 30s.",
      ),
    }),
    "VUs of the scenario wait here, on all slaves and threads, until enough have come; then they go on together.",
  ),
  short: null,
  children: [],
  metrics: [],
  resolve: ({ count: wanted, all, timeout }, { report }) => {
    if (wanted === undefined && all !== true) report([], "say how many VUs are to meet: `count: 10` or `all: true`");
    if (wanted !== undefined && all === true) report(["all"], "`count` and `all` exclude each other; keep one");
    return { count: all === true ? null : (wanted ?? 1), timeout: resolveTime(timeout) };
  },
  listTexts: ({ timeout }) => listTemplates(timeout, ["timeout"]),
};

function resolveTime(value: Json | undefined): number | string {
  if (typeof value !== "string" && typeof value !== "number") return 30_000;
  return parseDuration(value) ?? String(value);
}

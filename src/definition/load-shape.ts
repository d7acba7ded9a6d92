import { pauseShape } from "../protocol/pause.ts";
import { describe, duration, list, object, positiveDuration, type Shape } from "../protocol/shape.ts";
import { modeFields } from "./mode-fields.ts";

/** A number of VUs, or of slaves: at least one. */
export const count: Shape = { kind: "number", min: 1, max: 10_000_000, whole: true };
const countOrNone: Shape = { kind: "number", min: 0, max: 10_000_000, whole: true };
const rate: Shape = { kind: "number", above: 0, max: 1e9 };
const target: Shape = { kind: "number", min: 0, max: 1e9 };
const iterations: Shape = { kind: "number", min: 1, max: Number.MAX_SAFE_INTEGER, whole: true };

const stage = object(
  {
    duration: describe(duration, "How long the stage takes, such as `30s`; 0 jumps to the target. Required."),
    target: describe(
      target,
      "Where the stage ends: VUs in mode ramping-vus, iterations per `time_unit` in ramping-arrival-rate. Required.",
    ),
  },
  ["duration", "target"],
);

const limitSearch = object(
  {
    of: describe(
      { kind: "choice", values: ["rate", "vus"] },
      "What is raised: iterations started per second, or VUs. Default: rate.",
    ),
    from: describe(rate, "The first level: iterations per second, or a whole number of VUs. Required."),
    to: describe(rate, "No level is above this. Required."),
    factor: describe(
      { kind: "number", min: 1.01, max: 100 },
      "How many times the level before it the next one is, until one breaks. Default: 1.5.",
    ),
    hold: describe(
      positiveDuration,
      "How long each level is judged, such as `30s`; a quarter of it, at least 1 s, goes by before and is left out. " +
        "Default: 30s.",
    ),
    tolerance: describe(
      {
        kind: "union",
        of: [
          { kind: "number", min: 0.001, max: 1 },
          { kind: "text", pattern: /^\d+(?:\.\d+)?\s*%$/, accepts: "a share such as `5%`" },
        ],
      },
      "How near the limit is found, such as `5%` of it. Default: 5%.",
    ),
  },
  ["from", "to"],
);

/** The load of a scenario, and what goes with it. */
export const loadShapes: Readonly<Record<string, Shape>> = {
  mode: describe(
    { kind: "choice", values: Object.keys(modeFields) },
    "How iterations are started. Default: by the fields given. `rate`: constant-arrival-rate; `start_rate` with " +
      "`stages`: ramping-arrival-rate; `stages`: ramping-vus; `iterations`: shared-iterations; `duration`: constant-vus; " +
      "none of them: one iteration per VU. `find-limit` searches for the highest load that holds the thresholds.",
  ),
  vus: describe(count, "Virtual users that run iterations at the same time. Default: 1."),
  duration: describe(
    positiveDuration,
    "How long iterations are started, such as `30s` or `1h30m`, in test time (without pauses). Default: none; modes " +
      "that count iterations are then limited by `max_duration`.",
  ),
  iterations: describe(
    iterations,
    "How many iterations run: all VUs together in mode shared-iterations, each VU in per-vu-iterations. Default: 1 " +
      "for each VU in per-vu-iterations; required in shared-iterations.",
  ),
  stages: describe(
    list(stage, 1),
    "Stages of a load that changes linearly, one after the other. Default: none; required in the ramping modes.",
  ),
  rate: describe(
    rate,
    "Iterations started per `time_unit`, in mode constant-arrival-rate. Required there; no default.",
  ),
  time_unit: describe(positiveDuration, "The time that `rate` and stage targets count in, such as `1m`. Default: 1s."),
  pre_allocated_vus: describe(
    count,
    "VUs made before the start, in the arrival modes and in find-limit of a rate. Default: the iterations started in a " +
      "second.",
  ),
  max_vus: describe(
    count,
    "The most VUs, in the arrival modes, find-limit of a rate and externally-controlled; a start that finds none free " +
      "is dropped and counted. Default: `pre_allocated_vus`, or `vus`.",
  ),
  start_vus: describe(countOrNone, "VUs at the beginning of the first stage, in mode ramping-vus. Default: 1."),
  start_rate: describe(
    target,
    "Iterations per `time_unit` at the beginning of the first stage, in mode ramping-arrival-rate. Default: 0.",
  ),
  ramp_up: describe(
    duration,
    "The time over which constant VUs are started, evenly, such as `10s`; part of `duration`. Default: 0, all at once.",
  ),
  graceful_stop: describe(
    duration,
    "How long running iterations may go on after the end before they are interrupted, wall time. Default: 30s.",
  ),
  graceful_ramp_down: describe(
    duration,
    "How long the iteration of a VU that is taken away may go on before it is interrupted, in mode ramping-vus. " +
      "Default: 30s.",
  ),
  max_duration: describe(
    positiveDuration,
    "The longest time for all iterations, in the modes that count them, such as `5m`. Default: 10m. In find-limit the " +
      "longest time of the search; default: as long as it takes.",
  ),
  pacing: describe(
    duration,
    "The least time between the beginnings of two iterations of a VU, such as `2s`, in test time. Default: 0.",
  ),
  think_time: describe(
    pauseShape,
    "Wait after each iteration: `1s`, or `{min, max}` for a random time between; in no duration metric. Default: none.",
  ),
  find_limit: describe(
    limitSearch,
    "What mode find-limit searches: the highest rate, or number of VUs, at which the thresholds hold. Required there; " +
      "no default.",
  ),
};

import type { Recorder, Tags } from "../../measure/recorder.ts";
import type { Log, LogLevel } from "../../protocol/ports.ts";
import type { VirtualUser } from "../../protocol/step.ts";
import type { MetricType } from "../../protocol/workflow.ts";
import { fromSandboxJson } from "./sandbox-json.ts";

/** What a run leaves behind, in the order in which it did it; made by the sandbox. */
export type Effect =
  /** Sets a variable to a value in JSON; without one it is deleted. */
  | readonly [type: "v", name: string, json?: string]
  | readonly [type: "c", check: string, passed: boolean]
  | readonly [type: "m", metric: string, kind: MetricType, value: number]
  | readonly [type: "l", level: LogLevel, text: string];

/** Different checks of one step that have series of their own. */
const maxChecks = 200;

/** Applies the effects of one step's runs; the handles of its series are made at their first use. */
export function createEffects(
  stepId: string,
  tags: Tags,
  recorder: Recorder,
  log: Log,
): (vu: VirtualUser, effects: readonly Effect[]) => void {
  const adds = new Map<string, (value: number) => void>();
  const checks = new Map<string, (passed: boolean) => void>();

  return (vu, effects) => {
    for (const effect of effects) {
      switch (effect[0]) {
        case "v":
          setVariable(vu, effect[1], effect[2]);
          break;
        case "c":
          findCheck(effect[1])(effect[2]);
          break;
        case "m":
          findMetric(effect[1], effect[2])(effect[3]);
          break;
        case "l":
          log(effect[1], effect[2], { step: stepId, vu: vu.id });
          break;
        default:
          effect satisfies never;
      }
    }
  };

  function findCheck(name: string): (passed: boolean) => void {
    let add = checks.get(name);
    if (add === undefined) {
      const check = checks.size < maxChecks ? name : "(other checks)";
      const rate = recorder.rate("checks", { ...tags, check });
      add = (passed) => rate.add(passed);
      if (checks.size < maxChecks) checks.set(name, add);
    }
    return add;
  }

  function findMetric(name: string, type: MetricType): (value: number) => void {
    const known = adds.get(name);
    if (known !== undefined) return known;
    const add = openMetric(name, type);
    adds.set(name, add);
    return add;
  }

  function openMetric(name: string, type: MetricType): (value: number) => void {
    switch (type) {
      case "counter": {
        const counter = recorder.counter(name, tags);
        return (value) => counter.add(value);
      }
      case "gauge": {
        const gauge = recorder.gauge(name, tags);
        return (value) => gauge.set(value);
      }
      case "rate": {
        const rate = recorder.rate(name, tags);
        return (value) => rate.add(Boolean(value));
      }
      case "trend": {
        const trend = recorder.trend(name, tags);
        return (value) => trend.add(Math.round(value * 1000));
      }
      default:
        return type satisfies never;
    }
  }
}

function setVariable(vu: VirtualUser, name: string, json: string | undefined): void {
  if (json !== undefined) {
    vu.variables.set(name, fromSandboxJson(json));
    return;
  }
  vu.variables.delete(name);
  vu.vuVariables.delete(name);
}

import { EngineError } from "../errors.ts";
import { showValue } from "../expression/template-error.ts";
import type { Evaluate } from "../protocol/step.ts";
import type { Pause } from "../protocol/workflow.ts";
import { parseDuration } from "../quantity.ts";
import type { Place } from "./place.ts";

/**
 * Draws a pause's length in milliseconds, evenly from its range; a range whose ends are templates that come out in the
 * wrong order is read the other way round. Throws EngineError `template` for a text that is no duration.
 */
export function compilePause(pause: Pause, { texts, random }: Pick<Place, "texts" | "random">): Evaluate<number> {
  const least = compileLength(pause.minMs);
  if (pause.minMs === pause.maxMs) return least;
  const most = compileLength(pause.maxMs);
  return (vu) => {
    const from = least(vu);
    return from + random() * (most(vu) - from);
  };

  function compileLength(length: number | string): Evaluate<number> {
    if (typeof length === "number") return () => length;
    const evaluate = texts.template(length);
    return (vu) => readLength(evaluate(vu), length);
  }
}

function readLength(value: unknown, text: string): number {
  const length = typeof value === "string" || typeof value === "number" ? parseDuration(value) : null;
  if (length !== null) return length;
  throw new EngineError("template", `${text} is ${showValue(value)}, no duration; write one as 500ms or 1.5s`);
}

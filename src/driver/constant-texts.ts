import type { Json } from "../protocol/json.ts";
import type { Evaluate } from "../protocol/step.ts";

/** Is certainly nothing in it a template? */
export function isConstantJson(value: Json): boolean {
  return !JSON.stringify(value).includes("$");
}

/** For what is the same for every VU: made when it is first asked for, since making it may fail. */
export function evaluateOnce<Value extends object>(evaluate: Evaluate<Value>): Evaluate<Value> {
  let known: Value | null = null;
  return (vu) => (known ??= evaluate(vu));
}

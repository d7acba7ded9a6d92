import type { ErrorDelta } from "../protocol/frame.ts";
import { otherMessages } from "./error-counts.ts";
import { mergeError } from "./merge.ts";

/** Errors of all sources by step, code and message; beyond `maxKinds` by step and code only. */
export interface ErrorTotals {
  readonly maxKinds: number;
  readonly kinds: Map<string, ErrorDelta>;
}

/** No errors. */
export function createErrorTotals(maxKinds: number): ErrorTotals {
  return { maxKinds, kinds: new Map() };
}

/** Adds the errors of a frame. */
export function addErrorTotals(totals: ErrorTotals, errors: readonly ErrorDelta[]): void {
  for (const delta of errors) addError(totals, delta);
}

/** Most frequent first. */
export function listErrors(totals: ErrorTotals): ErrorDelta[] {
  return [...totals.kinds]
    .toSorted(([leftName, left], [rightName, right]) => right.count - left.count || (leftName < rightName ? -1 : 1))
    .map(([, kind]) => kind);
}

function addError(totals: ErrorTotals, delta: ErrorDelta): void {
  const name = `${delta.stepId}\n${delta.code}\n${delta.message}`;
  const known = totals.kinds.get(name);
  if (known === undefined && totals.kinds.size >= totals.maxKinds && delta.message !== otherMessages) {
    return addError(totals, { ...delta, message: otherMessages });
  }
  totals.kinds.set(name, known === undefined ? delta : mergeError(known, delta));
}

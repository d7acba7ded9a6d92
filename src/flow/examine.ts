import type { Rate, Tags } from "../measure/recorder.ts";
import type { Failure, StepResult } from "../protocol/step.ts";
import type { Assertion, Step } from "../protocol/workflow.ts";
import type { Check } from "./assert/check.ts";
import { compileAssertion } from "./assert/compile-assertion.ts";
import { compileExtraction } from "./extract/compile-extraction.ts";
import type { FlowVu } from "./flow-vu.ts";
import type { Place } from "./place.ts";
import { asFailure } from "./step-record.ts";
import { traceCheck } from "./trace-step.ts";

/**
 * Looks at a result: extractions, then assertions, then checks. Gives the first failure, null: none. `before` is the
 * failure of the operation itself: it comes first, and nothing is extracted then; assertions and checks always run, and
 * with `count` each is counted.
 */
export type Examine = (vu: FlowVu, result: StepResult, before: Failure | null, count: boolean) => Failure | null;

interface CountedCheck {
  readonly check: Check;
  readonly rate: Rate;
}

export function compileExamine(step: Step, tags: Tags, place: Place): Examine {
  const { texts, languages } = place;
  const extractions = step.extract.map((item) =>
    look("extract", item.name, compileExtraction(item, texts.templateJson, languages)),
  );
  const assertions = step.assert.map((item) => compileCounted("assert", item));
  const checks = step.checks.map((item) => compileCounted("check", item));
  return (vu, result, before, count) => {
    let failure = before;
    if (failure === null) {
      for (const extract of extractions) failure = first(failure, runCheck(extract, vu, result, "extract"));
    }
    for (const assertion of assertions) failure = first(failure, runAssertion(assertion, vu, result, count));
    for (const check of checks) runAssertion(check, vu, result, count);
    return failure;
  };

  function look(kind: "extract" | "assert" | "check", name: string, check: Check): Check {
    return place.trace === null ? check : traceCheck(step, kind, name, check, place.trace);
  }

  function compileCounted(kind: "assert" | "check", assertion: Assertion): CountedCheck {
    const check = look(kind, assertion.name, compileAssertion(assertion, texts.templateJson, languages));
    return { check, rate: place.recorder.rate("checks", { ...tags, check: assertion.name }) };
  }
}

function first(known: Failure | null, next: Failure | null): Failure | null {
  return known === null ? next : known;
}

function runAssertion({ check, rate }: CountedCheck, vu: FlowVu, result: StepResult, count: boolean): Failure | null {
  const failure = runCheck(check, vu, result, "assertion");
  if (count) rate.add(failure === null);
  return failure;
}

function runCheck(check: Check, vu: FlowVu, result: StepResult, code: string): Failure | null {
  try {
    const message = check(vu, result);
    return message === null ? null : { code, message };
  } catch (error) {
    return asFailure(error);
  }
}

import fc from "fast-check";
import { expect, test } from "vitest";
import { makeGroup, makeStep, startFlow } from "../../test/support/flow-run.ts";
import type { OnError, Step } from "../protocol/workflow.ts";
import type { IterationOutcome } from "./compiled.ts";

/** A step as the property draws it. */
interface Drawn {
  readonly fails: boolean;
  readonly onError: OnError;
  readonly runs: boolean;
  /** null: an operation. */
  readonly children: readonly Drawn[] | null;
}

const onError = fc.constantFrom<OnError>("abort", "continue", "skip");
const own = { fails: fc.boolean(), onError, runs: fc.boolean() };
const { steps: anySteps } = fc.letrec<{ steps: Drawn[]; step: Drawn }>((tie) => ({
  step: fc.oneof(
    { maxDepth: 3 },
    fc.record({ ...own, children: fc.constant(null) }),
    fc.record({ ...own, children: tie("steps") }),
  ),
  steps: fc.array(tie("step"), { maxLength: 4 }),
}));

test("a tree of steps runs and ends as the words of on_error say", async () => {
  await fc.assert(
    fc.asyncProperty(anySteps, async (drawn) => {
      const expected: string[] = [];
      const outcome = tell(drawn, "s", expected);
      const failing = new Set<string>();
      const flow = await startFlow(makeSteps(drawn, "s", failing), {
        behave: ({ step }) => (failing.has(step) ? { failure: { code: "1000", message: "no" } } : {}),
      });
      expect(await flow.iterate()).toBe(outcome === "go on" ? "passed" : ("failed" satisfies IterationOutcome));
      expect(flow.ran).toEqual(expected);
      expect(Object.keys(flow.cut().errors)).toHaveLength(expected.filter((id) => failing.has(id)).length);
    }),
    { numRuns: 60 },
  );
});

type Told = "go on" | "go on, failed" | "stop";

/** The rules in the plainest form: what runs, and what it means for what follows. */
function tell(steps: readonly Drawn[], prefix: string, ran: string[]): Told {
  let told: Told = "go on";
  for (const [index, step] of steps.entries()) {
    if (!step.runs) continue;
    const id = `${prefix}${index}`;
    let inside: Told = step.fails ? "stop" : "go on";
    if (step.children === null) ran.push(id);
    else inside = tell(step.children, `${id}-`, ran);
    if (inside === "go on" || step.onError === "skip") continue;
    if (inside === "stop" && step.onError === "abort") return "stop";
    told = "go on, failed";
  }
  return told;
}

function makeSteps(drawn: readonly Drawn[], prefix: string, failing: Set<string>): Step[] {
  return drawn.map((step, index) => {
    const id = `${prefix}${index}`;
    const more = { onError: step.onError, condition: step.runs ? null : "vu.id < 0" };
    if (step.children !== null) return makeGroup(id, makeSteps(step.children, `${id}-`, failing), more);
    if (step.fails) failing.add(id);
    return makeStep(id, more);
  });
}

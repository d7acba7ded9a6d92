import type { StepResult, VirtualUser } from "../../protocol/step.ts";

/** null: it holds; else what was expected and found, for people. */
export type Verdict = string | null;

/** A compiled assertion or check. Throws EngineError `template` from its value's templates. */
export type Check = (vu: VirtualUser, result: StepResult) => Verdict;

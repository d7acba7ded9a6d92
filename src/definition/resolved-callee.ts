import type { Callee, Path } from "../protocol/step-spec.ts";
import type { StepScope } from "./step-scope.ts";

/** What a `call` can run, resolved. */
export interface ResolvedCallee extends Omit<Callee, "checkResult"> {
  /** Of the expressions whose values come back. */
  readonly scope: StepScope;
}

/** null: it cannot be called, reported. `path` is that of the name. */
export type FindCallee = (kind: "fragment" | "workflow", name: string, path: Path) => ResolvedCallee | null;

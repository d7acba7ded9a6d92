import type { Body } from "../../http/body.ts";
import type { VirtualUser } from "../../protocol/step.ts";
import type { RequestCoding } from "../../protocol/workflow.ts";

/** The body of a step's requests. */
export interface CompiledBody {
  /** It is the same for every request. */
  readonly isConstant: boolean;
  /** What the engine says of it unless the step does; null: nothing. */
  readonly contentType: string | null;
  /** null: it goes as it is. */
  readonly coding: RequestCoding | null;
  /** Files are open by now. Throws EngineError `template`. */
  evaluate(vu: VirtualUser): Body;
}

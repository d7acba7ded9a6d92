import type { Clock } from "../../protocol/ports.ts";
import type { Executions } from "../executions.ts";
import type { Registry } from "../registered-slave.ts";

/** What a master says of itself that does not change. */
export interface MasterCard {
  readonly id: string;
  /** The engine's version. */
  readonly version: string;
  /** The kind of store: `memory`, `sqlite`. */
  readonly store: string;
  readonly maxExecutions: number;
  /** What the operator should know besides an open listener. */
  readonly warnings: readonly string[];
}

/** What the routes of a master itself are made from. */
export interface MasterParts {
  readonly card: MasterCard;
  readonly executions: Pick<Executions, "count" | "list" | "ready">;
  readonly registry: Pick<Registry, "list">;
  readonly clock: Clock;
}

import { createHash } from "node:crypto";
import type { Workflow } from "../protocol/workflow.ts";

/** The seed that all nodes of an execution have in common, 32 bits: the workflow's, else its own. */
export function chooseSeed({ seed }: Pick<Workflow, "seed">, executionId: string): number {
  return seed ?? createHash("sha256").update(executionId).digest().readUInt32LE(0);
}

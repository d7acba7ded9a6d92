import type { StepResult } from "../../protocol/step.ts";

/** A compiled path into the tree of an answer. Throws EngineError `template` for one that is too large. */
export interface MarkupQuery {
  /** The first match; undefined: none, or the answer cannot be read as a tree. */
  first(result: StepResult): unknown;
  /** All matches, in order. */
  all(result: StepResult): readonly unknown[];
}

/** Compiles a path. Throws EngineError `invalid_workflow` for a text that is none. */
export type CompileMarkup = (path: string) => MarkupQuery;

/** The tree of each result, made once for all paths that look at it. */
export function keepTrees<Tree>(parse: (result: StepResult) => Tree): (result: StepResult) => Tree {
  const trees = new WeakMap<StepResult, { readonly tree: Tree }>();
  return (result) => {
    const known = trees.get(result);
    if (known !== undefined) return known.tree;
    const tree = parse(result);
    trees.set(result, { tree });
    return tree;
  };
}

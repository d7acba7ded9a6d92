import type { AnyNode } from "acorn";

/** What of k6/execution has an expression. */
const values: Readonly<Record<string, string>> = {
  "vu.idInTest": "vu.id",
  "vu.idInInstance": "vu.id",
  "vu.iterationInScenario": "vu.iteration",
  "vu.iterationInInstance": "vu.iteration",
  "scenario.iterationInTest": "iteration",
  "scenario.iterationInInstance": "iteration",
};

/** Expressions by what a script calls them: `exec.vu.idInTest`, and `vu.idInTest` of `import { vu } from "k6/execution"`. */
export function nameExecutionValues(specifier: AnyNode): readonly (readonly [string, string])[] {
  if (specifier.type === "ImportDefaultSpecifier" || specifier.type === "ImportNamespaceSpecifier")
    return Object.entries(values).map(([chain, expression]) => [`${specifier.local.name}.${chain}`, expression]);
  if (specifier.type !== "ImportSpecifier" || specifier.imported.type !== "Identifier") return [];
  const part = `${specifier.imported.name}.`;
  return Object.entries(values)
    .filter(([chain]) => chain.startsWith(part))
    .map(([chain, expression]) => [`${specifier.local.name}.${chain.slice(part.length)}`, expression]);
}

import { EngineError } from "../errors.ts";

/** The names of ours that are read. */
const knownNames: ReadonlySet<string> = new Set(["WE_MASTER_URL", "WE_API_KEY"]);

/** Throws EngineError `invalid_usage` that names every variable which looks like ours and is not: it would be ignored in silence. */
export function checkEnvironment(environment: Readonly<Record<string, string | undefined>>): void {
  const unknown = Object.keys(environment).filter((name) => name.startsWith("WE_") && !knownNames.has(name));
  if (unknown.length === 0) return;
  throw new EngineError(
    "invalid_usage",
    `${unknown.toSorted().join(", ")} in the environment ${unknown.length === 1 ? "is" : "are"} not read by this version: unset ` +
      `${unknown.length === 1 ? "it" : "them"} and give options (known are ${[...knownNames].join(" and ")})`,
  );
}

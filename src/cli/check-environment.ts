import { clientVariables, listVariables } from "../config/environment-names.ts";
import { suggest } from "../document/suggest.ts";
import { EngineError } from "../errors.ts";

/** Throws EngineError `invalid_usage` that names every variable which looks like ours and is not: it would be ignored in silence. */
export function checkEnvironment(environment: Readonly<Record<string, string | undefined>>): void {
  const names = Object.keys(environment).filter(
    (name) => name.startsWith("WE_") && !Object.hasOwn(clientVariables, name),
  );
  if (names.length === 0) return;
  const known = listVariables();
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length === 0) return;
  const shown = unknown.toSorted().map((name) => name + suggest(name, known));
  throw new EngineError(
    "invalid_usage",
    `nothing reads ${shown.join(", ")} in the environment: unset what is not meant for us`,
  );
}

import { EngineError } from "../errors.ts";
import type { HttpDefaults } from "../protocol/workflow.ts";

/** The base URL of a step's relative urls, a template; null: there is none. Throws EngineError `invalid_workflow`. */
export function findBase(
  domain: string | null,
  http: Pick<HttpDefaults, "baseUrl" | "domains">,
  stepId: string,
): string | null {
  if (domain === null) return http.baseUrl;
  if (Object.hasOwn(http.domains, domain)) return http.domains[domain] ?? null;
  const known = Object.keys(http.domains).join(", ");
  throw new EngineError(
    "invalid_workflow",
    `step \`${stepId}\`: domain \`${domain}\` is not in options.http.domains (${known === "" ? "none there" : known})`,
  );
}

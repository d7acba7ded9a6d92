import type { HttpOperation } from "../../http/operation.ts";
import type { HttpResult } from "../../http/result.ts";
import type { Failure } from "../../protocol/step.ts";

const longestMessage = 300;

/** The same operation; a GraphQL answer with `errors`, or one that is none, fails it with the code `graphql`. */
export function failOnErrors(operation: HttpOperation): HttpOperation {
  return async (vu, deadline) => {
    const result = await operation(vu, deadline);
    if (result.failure === null && !result.interrupted) result.failure = findFailure(result);
    return result;
  };
}

function findFailure(result: HttpResult): Failure | null {
  const answer = result.json();
  if (!isObject(answer)) return fail("the answer is no GraphQL answer: it is no JSON object");
  const { errors } = answer;
  if (Array.isArray(errors) && errors.length > 0) return fail(describeErrors(errors));
  return "data" in answer ? null : fail("the answer is no GraphQL answer: it has neither `data` nor `errors`");
}

/** The first, and how many more there are: equal failures must read equal. */
function describeErrors(errors: readonly unknown[]): string {
  const [first] = errors;
  const { message, path } = isObject(first) ? first : {};
  const text = typeof message === "string" ? message : "an error without a message";
  const shown = text.length > longestMessage ? `${text.slice(0, longestMessage)}…` : text;
  const place = Array.isArray(path) ? ` (at ${path.map(String).join(".").slice(0, longestMessage)})` : "";
  return errors.length === 1 ? `${shown}${place}` : `${shown}${place}, and ${errors.length - 1} more`;
}

function fail(message: string): Failure {
  return { code: "graphql", message };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

import { type DemoRequest, sendError, sendJson } from "./answer.ts";
import { parseJson, readBody } from "./echo.ts";

/** `POST /graphql` with `{"query", "variables"}`: any query is answered with the variables as `data.echo`. */
export async function answerGraphql({ message, response }: DemoRequest): Promise<void> {
  if (message.method !== "POST") return sendError(response, 405, "POST a query", { allow: "POST" });
  const body = await readBody(message);
  const { query, variables } = (parseJson(body?.toString("utf8") ?? "") ?? {}) as Record<string, unknown>;
  if (typeof query === "string" && query.trim() !== "") sendJson(response, { data: { echo: variables ?? {} } });
  else sendJson(response, { errors: [{ message: "there is no query" }] });
}

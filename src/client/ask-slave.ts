import { EngineError } from "../errors.ts";
import { send } from "./send.ts";

/** A live process answers at once. */
const answerMs = 5_000;

/** What a slave's `/status` (a URL) says. Throws EngineError `unreachable`. */
export async function askSlave(url: string): Promise<Readonly<Record<string, unknown>>> {
  const answer = await send({ method: "GET", url, headers: {}, body: null, signal: AbortSignal.timeout(answerMs) }, {});
  const explain = (message: string, cause?: unknown): EngineError =>
    new EngineError("unreachable", `no slave answers at ${url}: ${message}`, {
      cause,
      hint: "start one with: workflow-engine slave start",
    });
  if (!("status" in answer)) {
    const { cause } = answer;
    throw explain(cause instanceof Error && cause.message !== "" ? cause.message : String(cause), cause);
  }
  const body = parse(answer.text);
  if (answer.status === 200 && typeof body === "object" && body !== null && "instance" in body) {
    return body as Readonly<Record<string, unknown>>;
  }
  throw explain(`it answered ${answer.status}, and not as a slave`);
}

/** What is no JSON is no status. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}

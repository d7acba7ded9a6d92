import { EngineError, isErrorCode } from "../errors.ts";
import type { Problem } from "../protocol/problem.ts";
import { printJson } from "../protocol/print-json.ts";

/** Requests to whichever master of a list answers. */
export interface Rest {
  /** The answer's body. Throws EngineError: the master's own, or `unreachable`. */
  request(method: "GET" | "POST" | "DELETE", path: string, body?: unknown): Promise<unknown>;
  /** The master that answered last, or the first of the list. */
  readonly master: string;
  /** Goes on with the next master of the list. */
  turn(): void;
}

/** Steering waits until every slave has acted or is given up. */
const answerWithinMs = 120_000;

/** A client of these masters (URLs); the first that can be reached answers. */
export function createRest(masters: readonly string[]): Rest {
  let current = 0;
  const masterAt = (turns: number): string => masters[(current + turns) % masters.length] ?? "";
  return {
    get master() {
      return masterAt(0);
    },
    turn() {
      current = (current + 1) % masters.length;
    },
    async request(method, path, body) {
      const failures: EngineError[] = [];
      for (let turns = 0; turns < masters.length; turns++) {
        const master = masterAt(turns);
        const response = await send(master, method, path, body);
        if (response instanceof Response) {
          current = (current + turns) % masters.length;
          return readAnswer(master, response);
        }
        failures.push(response);
      }
      const [first] = failures;
      throw failures.length === 1 && first !== undefined
        ? first
        : new EngineError("unreachable", `no master answers: ${failures.map(({ message }) => message).join("; ")}`);
    },
  };
}

async function send(master: string, method: string, path: string, body: unknown): Promise<Response | EngineError> {
  try {
    return await fetch(`${master}/api/v1${path}`, {
      method,
      redirect: "error",
      signal: AbortSignal.timeout(answerWithinMs),
      ...(body === undefined ? {} : { body: printJson(body), headers: { "content-type": "application/json" } }),
    });
  } catch (cause) {
    return describeUnreachable(master, cause);
  }
}

/** Why nobody could be asked there. */
export function describeUnreachable(master: string, cause: unknown): EngineError {
  const message = `no master answers at ${master}: ${explain(cause)}`;
  const hint = "Start one with `workflow-engine master start`, or name it with --master or WE_MASTER_URL.";
  return new EngineError("unreachable", message, { cause, hint });
}

function explain(cause: unknown): string {
  const inner = cause instanceof Error && cause.cause !== undefined ? cause.cause : cause;
  const { code, message } = (inner instanceof Error ? inner : new Error(String(inner))) as NodeJS.ErrnoException;
  if (code === "ECONNREFUSED") return "the connection was refused";
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return "the host is not known";
  if (code === "ETIMEDOUT" || code === "UND_ERR_CONNECT_TIMEOUT") return "the connection was not answered";
  if (code === "ECONNRESET" || code === "UND_ERR_SOCKET") return "the connection was cut";
  return message;
}

async function readAnswer(master: string, response: Response): Promise<unknown> {
  let answer: unknown;
  try {
    answer = JSON.parse(await response.text());
  } catch (cause) {
    throw new EngineError("unreachable", `what listens at ${master} is no master: its answer is not JSON`, { cause });
  }
  if (response.ok) return answer;
  throw readError(master, answer, response.status);
}

/** The error that an answer's body holds. */
export function readError(master: string, answer: unknown, status: number | null): EngineError {
  const { error, message, hint, problems } = (typeof answer === "object" && answer !== null ? answer : {}) as Record<
    string,
    unknown
  >;
  if (typeof error !== "string" || typeof message !== "string") {
    const said = status === null ? "something else" : `status ${status}`;
    return new EngineError("unreachable", `what listens at ${master} is no master: it answers with ${said}`);
  }
  return new EngineError(isErrorCode(error) ? error : "internal_error", message, {
    hint: typeof hint === "string" ? hint : undefined,
    problems: Array.isArray(problems) ? problems.filter(isProblem) : [],
  });
}

function isProblem(value: unknown): value is Problem {
  return typeof value === "object" && value !== null && "path" in value && "message" in value;
}

import type { Readable } from "node:stream";
import { EngineError, isErrorCode } from "../errors.ts";
import { printJson } from "../protocol/print-json.ts";
import type { Clock, Random } from "../protocol/ports.ts";
import type { Problem } from "../protocol/problem.ts";
import { type Connection, createHeaders } from "./connection.ts";
import type { Form } from "./form.ts";
import { type NoAnswer, type ReadAnswer, send } from "./send.ts";

export interface RestOptions {
  /** URLs without a slash at the end; at least one. */
  readonly masters: readonly string[];
  readonly connection: Connection;
  readonly clock: Clock;
  readonly random: Random;
  /** How long a request whose answer was lost is tried again, ms. */
  readonly retryForMs: number;
  /** An answer was lost; the request is sent again. */
  onRetry(error: EngineError): void;
}

export interface RestRequest {
  readonly method: "GET" | "POST" | "DELETE";
  /** Below `/api/v1`, with its query. */
  readonly path: string;
  readonly body?: unknown;
  /** In place of `body`. */
  readonly form?: Form;
  /** Makes it safe to send again. */
  readonly idempotencyKey?: string;
  readonly signal?: AbortSignal;
  /** Takes the body of the answer, which is no JSON then. What it throws as EngineError is thrown. */
  readonly into?: (body: Readable) => Promise<void>;
}

/** Requests to whichever master of a list answers. */
export interface Rest {
  /** The answer's body. Throws EngineError: the master's own, or `unreachable`; and what `signal` is aborted with. */
  request(request: RestRequest): Promise<unknown>;
  /** The master that answered last, or the first of the list. */
  readonly master: string;
  readonly connection: Connection;
  /** Goes on with the next master of the list. */
  turn(): void;
}

/** Steering waits until every slave has acted or is given up. */
const answerWithinMs = 120_000;
/** Files take their time. */
const transferWithinMs = 30 * 60_000;
const shortestWaitMs = 100;
const longestWaitMs = 2_000;

/** A client of these masters; the first that can be reached answers. */
export function createRest(options: RestOptions): Rest {
  const { masters, connection, clock, random } = options;
  let current = 0;
  const masterAt = (turns: number): string => masters[(current + turns) % masters.length] ?? "";

  /** One round through the masters: the answer's body, or why there is none and whether a master may have acted. */
  const ask = async (request: RestRequest): Promise<{ readonly body: unknown } | Lost> => {
    const failures: EngineError[] = [];
    let sent = false;
    for (let turns = 0; turns < masters.length; turns++) {
      const master = masterAt(turns);
      const answer = await send(describeRequest(master, request, connection), connection);
      if ("status" in answer) {
        current = (current + turns) % masters.length;
        return { body: readAnswer(master, answer) };
      }
      request.signal?.throwIfAborted();
      if (answer.cause instanceof EngineError) throw answer.cause;
      sent ||= answer.sent;
      failures.push(describeUnreachable(master, answer.cause));
    }
    return { sent, error: joinFailures(failures) };
  };

  return {
    connection,
    get master() {
      return masterAt(0);
    },
    turn() {
      current = (current + 1) % masters.length;
    },
    async request(request) {
      const first = await ask(request);
      if ("body" in first) return first.body;
      if (!first.sent || request.idempotencyKey === undefined) throw first.error;
      options.onRetry(first.error);
      const until = clock.now() + options.retryForMs;
      for (let attempts = 0, { error } = first; ; attempts++) {
        if (clock.now() >= until) throw error;
        const most = Math.min(longestWaitMs, shortestWaitMs * 2 ** Math.min(attempts, 10));
        await wait(clock, random() * most, request.signal);
        const next = await ask(request).catch(forgiveStart);
        if ("body" in next) return next.body;
        error = next.error;
      }
    },
  };
}

/** No master answered. `sent`: one may have acted all the same. */
interface Lost extends Pick<NoAnswer, "sent"> {
  readonly error: EngineError;
}

/** A master that has come back takes up its executions first. */
function forgiveStart(thrown: unknown): Lost {
  if (thrown instanceof EngineError && thrown.code === "not_ready") return { sent: true, error: thrown };
  throw thrown;
}

async function wait(clock: Clock, ms: number, signal: AbortSignal | undefined): Promise<void> {
  const over = Promise.withResolvers<void>();
  const alarm = clock.at(clock.now() + ms, over.resolve);
  const stop = (): void => over.reject(signal?.reason);
  signal?.addEventListener("abort", stop, { once: true });
  try {
    signal?.throwIfAborted();
    await over.promise;
  } finally {
    alarm.cancel();
    signal?.removeEventListener("abort", stop);
  }
}

function describeRequest(master: string, request: RestRequest, connection: Connection): Parameters<typeof send>[0] {
  const { method, path, body, form, idempotencyKey, signal, into } = request;
  const deadline = AbortSignal.timeout(form === undefined && into === undefined ? answerWithinMs : transferWithinMs);
  const contentType = form?.contentType ?? (body === undefined ? null : "application/json");
  return {
    method,
    url: `${master}/api/v1${path}`,
    headers: {
      ...createHeaders(connection),
      ...(contentType === null ? {} : { "content-type": contentType }),
      ...(idempotencyKey === undefined ? {} : { "idempotency-key": idempotencyKey }),
    },
    body: form ?? (body === undefined ? null : printJson(body)),
    signal: signal === undefined ? deadline : AbortSignal.any([deadline, signal]),
    into,
  };
}

function joinFailures(failures: readonly EngineError[]): EngineError {
  const [first] = failures;
  if (failures.length === 1 && first !== undefined) return first;
  return new EngineError("unreachable", `no master answers: ${failures.map(({ message }) => message).join("; ")}`);
}

const untrusted: ReadonlySet<string> = new Set([
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
]);

/** Why nobody could be asked there. */
export function describeUnreachable(master: string, cause: unknown): EngineError {
  const message = `no master answers at ${master}: ${explain(master, cause)}`;
  const hint = "Start one with `workflow-engine master start`, or name it with --master or WE_MASTER_URL.";
  return new EngineError("unreachable", message, { cause, hint });
}

function explain(master: string, cause: unknown): string {
  const { code, name, message } = (cause instanceof Error ? cause : new Error(String(cause))) as NodeJS.ErrnoException;
  if (code === "ECONNREFUSED") return "the connection was refused";
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return "the host is not known";
  if (code === "ETIMEDOUT") return "the connection was not answered";
  if (code === "ECONNRESET" || code === "EPIPE") {
    return `the connection was cut${master.startsWith("http:") ? "; if it serves HTTPS, name it with https://" : ""}`;
  }
  if (code !== undefined && untrusted.has(code)) return "its certificate is not trusted; name its authority with --ca";
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") return `its certificate is for another name: ${message}`;
  if (code === "CERT_HAS_EXPIRED") return "its certificate has expired";
  if (code === "EPROTO" || code?.startsWith("ERR_SSL") === true)
    return `no TLS was agreed on; if it serves plain HTTP, name it with http:// (${code})`;
  if (name === "AbortError" || name === "TimeoutError") return `there was no answer within ${answerWithinMs / 1_000} s`;
  return message;
}

function readAnswer(master: string, { status, text }: ReadAnswer): unknown {
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch (cause) {
    throw new EngineError("unreachable", `what listens at ${master} is no master: its answer is not JSON`, { cause });
  }
  if (status >= 200 && status < 300) return answer;
  throw readError(master, answer, status);
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

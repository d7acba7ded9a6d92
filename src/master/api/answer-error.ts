import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { EngineError, type ErrorCode } from "../../errors.ts";
import type { Log } from "../../protocol/ports.ts";
import type { ErrorBody } from "../../protocol/rest.ts";

/** Seconds after which what was refused is worth another try: a queue gets shorter slowly. */
const retryAfter: Partial<Record<ErrorCode, string>> = { queue_full: "5", rate_limited: "1", not_ready: "1" };

/** The body of an error's answer. */
export function describeError(error: EngineError): ErrorBody {
  return {
    error: error.code,
    message: error.message,
    ...(error.hint === null ? {} : { hint: error.hint }),
    ...(error.problems.length === 0 ? {} : { problems: error.problems }),
  };
}

/** What an error's answer says in headers. */
export function headersOf({ code }: EngineError): Readonly<Record<string, string>> {
  const seconds = retryAfter[code];
  return {
    ...(seconds === undefined ? {} : { "Retry-After": seconds }),
    ...(code === "unauthorized" ? { "WWW-Authenticate": "Bearer" } : {}),
  };
}

/** Answers everything that goes wrong in a request with its documented error; what nobody foresaw is logged, and told without its insides. */
export function answerErrors(
  server: FastifyInstance,
  log: Log,
  allowedMethods: (path: string) => readonly string[],
): void {
  server.setErrorHandler((thrown: unknown, request, reply) => {
    const error = toEngineError(thrown, request);
    if (error.code === "internal_error") {
      const cause = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
      log("error", `${request.method} ${(request.url.split("?", 1)[0] ?? "").slice(0, 200)} failed: ${cause}`);
    }
    return answerError(reply, error);
  });
  server.setNotFoundHandler((request, reply) => {
    const path = request.url.split("?", 1)[0] ?? "";
    const allowed = allowedMethods(path);
    if (allowed.length === 0) {
      return answerError(reply, new EngineError("not_found", `there is nothing at \`${path.slice(0, 200)}\``));
    }
    const methods = allowed.join(", ");
    reply.header("Allow", methods);
    const message = `\`${path.slice(0, 200)}\` does not take ${request.method}; it takes ${methods}`;
    return answerError(reply, new EngineError("method_not_allowed", message));
  });
}

/** Sends an error's answer. */
export function answerError(reply: FastifyReply, error: EngineError): FastifyReply {
  return reply.status(error.status).headers(headersOf(error)).send(describeError(error));
}

/** What the server's framework says, in the words of the error table. */
export function toEngineError(thrown: unknown, request?: FastifyRequest): EngineError {
  if (thrown instanceof EngineError) return shown(thrown);
  const { code, statusCode, message } = (thrown instanceof Error ? thrown : new Error(String(thrown))) as FastifyError;
  if (statusCode === 413) return new EngineError("too_large", describeTooLarge(request));
  if (statusCode === 415) {
    return new EngineError("unsupported_media_type", "this Content-Type is not understood", {
      hint: "Send application/json or application/yaml.",
    });
  }
  if (code === "FST_ERR_MAX_PARAM_LENGTH")
    return new EngineError("not_found", "there is nothing with such a long name");
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500)
    return new EngineError("invalid_request", message);
  return new EngineError("internal_error", "the master failed at this request; its log says more", { cause: thrown });
}

/** A fault's own words may name what no client should read; a hint is written for people. */
function shown(error: EngineError): EngineError {
  if (error.code !== "internal_error") return error;
  return new EngineError("internal_error", "the master failed at this request; its log says more", {
    cause: error,
    hint: error.hint ?? undefined,
  });
}

function describeTooLarge(request: FastifyRequest | undefined): string {
  const size = request?.headers["content-length"];
  const limit = request?.routeOptions.bodyLimit;
  const has = size === undefined ? "the body is too large" : `the body has ${size} bytes`;
  return limit === undefined ? `${has}; send less` : `${has}; at most ${limit} are taken (server.max_body): send less`;
}

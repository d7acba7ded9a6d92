import { codeOfBreak, codes, describeBreak, type SystemError } from "../codes.ts";
import { nameOrigin, type Origin } from "../exchange.ts";
import * as errors from "./stream-errors.ts";

/** What it means for an exchange that its session is over. */
export interface SessionEnd {
  readonly code: number;
  readonly message: string;
}

/** `goaway`: the error of GOAWAY, -1 where none came; `error`: the session's or the socket's; `settled`: SETTINGS had come. */
export function describeEnd(origin: Origin, goaway: number, error: SystemError | null, settled: boolean): SessionEnd {
  const name = nameOrigin(origin);
  if (goaway >= 0) {
    return { code: errors.codeOfGoaway(goaway), message: `${name} ended the session: ${errors.nameError(goaway)}` };
  }
  if (error !== null && error.code !== undefined && !error.code.startsWith("ERR_HTTP2")) {
    return { code: codeOfBreak(error), message: describeBreak(error, name) };
  }
  if (!settled && !origin.secure) {
    const hint = "it does not speak HTTP/2 without TLS; write http_version: 1.1";
    return { code: codes.http2, message: `${name} did not answer as HTTP/2: ${hint}` };
  }
  if (error !== null)
    return { code: errors.codeOfBrokenSession(error.errno), message: `HTTP/2 with ${name}: ${error.message}` };
  return { code: codes.other, message: `${name} closed the connection without an answer` };
}

/** What to add for an answer with a content-length that ran when node:http2 gave the session up; empty: it was something else. */
export function describeSuspect(error: SystemError | null): string {
  // Its only word for a body that is longer.
  return error?.errno === -505 ? "; it does so where a body is longer than its content-length" : "";
}

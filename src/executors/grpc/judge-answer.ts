import { DriverFailure, type DriverOutcome } from "../../driver/call-driver.ts";
import type { DriverAnswer } from "../../driver/driver-result.ts";
import type { Root } from "protobufjs";
import { printJson } from "../../protocol/print-json.ts";
import type { Failure } from "../../protocol/step.ts";
import { cleanDetails } from "./clean-details.ts";
import { listMetadata, showMetadata } from "./compile-metadata.ts";
import type { Method } from "./find-method.ts";
import { showMessage } from "./message-to-json.ts";
import type { CallAnswer } from "./perform-call.ts";
import { nameStatus, status } from "./status.ts";

/** The same whether our clock or the driver's is the first to notice. */
export const deadlineFailure: Failure = {
  code: "grpc_deadline_exceeded",
  message: "DEADLINE_EXCEEDED: not done in time; raise the timeout, or see what the server does",
};

/** An outcome with what it means in gRPC's words. */
export interface JudgedCall {
  readonly outcome: DriverOutcome<unknown>;
  readonly code: number;
  readonly details: string;
}

/** A status that is not expected is a failure; a server that could not be reached is UNAVAILABLE. */
export function judge(outcome: DriverOutcome<CallAnswer>, expected: readonly number[]): JudgedCall {
  const { duration } = outcome;
  if (outcome.kind === "interrupted") return { outcome, code: status.cancelled, details: "" };
  if (outcome.kind === "failed" && outcome.failure.code !== deadlineFailure.code) {
    const { code, message } = outcome.failure;
    return { outcome, code: codeOfFailure(code), details: message };
  }
  const code = outcome.kind === "failed" ? status.deadlineExceeded : outcome.value.code;
  const details = outcome.kind === "failed" ? "" : cleanDetails(outcome.value.details);
  if (expected.includes(code)) return { outcome: { kind: "done", value: null, duration }, code, details };
  // The driver's own words for a late call hold times of the moment.
  const failure =
    code === status.deadlineExceeded
      ? deadlineFailure
      : { code: nameFailure(code), message: `${nameStatus(code)}: ${details === "" ? "no details" : details}` };
  return { outcome: { kind: "failed", failure, duration }, code, details };
}

/** `grpc_not_found` for 5. */
export function nameFailure(code: number): string {
  return `grpc_${nameStatus(code).toLowerCase()}`;
}

function codeOfFailure(code: string): number {
  if (code === nameFailure(status.internal)) return status.internal;
  if (code === nameFailure(status.unimplemented)) return status.unimplemented;
  return status.unavailable;
}

/** The answers as JSON. Throws a DriverFailure for one that is not of its type. */
export function decodeAnswers({ messages }: CallAnswer, { response }: Method, root: Root): unknown[] {
  try {
    return messages.map((message) => showMessage(response, response.type.decode(message), root));
  } catch (cause) {
    throw new DriverFailure(nameFailure(status.internal), `the answer is no \`${response.name}\``, { cause });
  }
}

/** What assertions, extractions and expressions see of a call. */
export function showCall(
  { code, details }: JudgedCall,
  answer: CallAnswer | null,
  messages: readonly unknown[],
  method: Method | null,
): DriverAnswer {
  const message = messages.at(-1) ?? null;
  const json = method?.givesMany === true ? messages : message;
  return {
    statusCode: code,
    output: {
      status_code: code,
      status: nameStatus(code),
      details,
      message,
      messages,
      metadata: showMetadata(answer?.metadata ?? null),
      trailers: showMetadata(answer?.trailers ?? null),
    },
    json: json ?? undefined,
    text: () => (json === null ? "" : printJson(json)),
    headers: new Map([...listMetadata(answer?.trailers ?? null), ...listMetadata(answer?.metadata ?? null)]),
  };
}

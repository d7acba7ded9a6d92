import type { Problem } from "./protocol/problem.ts";

/** One row per error a user can meet: its HTTP status and the exit code of the command line. */
export const errorTable = {
  invalid_usage: { status: 400, exit: 104 },
  invalid_request: { status: 400, exit: 104 },
  invalid_workflow: { status: 400, exit: 104 },
  invalid_config: { status: 400, exit: 104 },
  unreadable_file: { status: 400, exit: 104 },
  unsupported: { status: 400, exit: 104 },
  /** An expression or template that does not compile, or that a VU's data makes impossible. */
  template: { status: 400, exit: 104 },
  /** A key that is missing, unknown or expired, or a certificate that is. */
  unauthorized: { status: 401, exit: 1 },
  /** A peer that an open listener does not answer. */
  auth_required: { status: 403, exit: 1 },
  /** A role, an address, a page or a host name that may not. */
  forbidden: { status: 403, exit: 1 },
  not_found: { status: 404, exit: 1 },
  method_not_allowed: { status: 405, exit: 1 },
  too_large: { status: 413, exit: 104 },
  unsupported_media_type: { status: 415, exit: 104 },
  rate_limited: { status: 429, exit: 1 },
  /** A master or slave that does not answer, or not as one. */
  unreachable: { status: 503, exit: 1 },
  conflict: { status: 409, exit: 1 },
  scheduling_failed: { status: 409, exit: 1 },
  queue_full: { status: 429, exit: 1 },
  not_ready: { status: 503, exit: 1 },
  setup_timeout: { status: 500, exit: 100 },
  teardown_timeout: { status: 500, exit: 101 },
  setup_failed: { status: 500, exit: 107 },
  teardown_failed: { status: 500, exit: 1 },
  unwritable_output: { status: 500, exit: 1 },
  start_failed: { status: 500, exit: 1 },
  internal_error: { status: 500, exit: 1 },
} as const satisfies Record<string, { readonly status: number; readonly exit: number }>;

export type ErrorCode = keyof typeof errorTable;

/** The one error class: what happened, the value and what to do in `message`, a stable `code`, the `cause` kept. */
export class EngineError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | null;
  readonly problems: readonly Problem[];

  constructor(
    code: ErrorCode,
    message: string,
    details: { readonly cause?: unknown; readonly hint?: string; readonly problems?: readonly Problem[] } = {},
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = "EngineError";
    this.code = code;
    this.hint = details.hint ?? null;
    this.problems = details.problems ?? [];
  }

  /** The HTTP status this error is answered with. */
  get status(): number {
    return errorTable[this.code].status;
  }

  /** The exit code the command line ends with. */
  get exitCode(): number {
    return errorTable[this.code].exit;
  }
}

/** Is this text (from a message of another process) a code of the table? */
export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(errorTable, code);
}

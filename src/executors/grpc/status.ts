/** The statuses of gRPC by their code. */
export const statusNames: readonly string[] = [
  "OK",
  "CANCELLED",
  "UNKNOWN",
  "INVALID_ARGUMENT",
  "DEADLINE_EXCEEDED",
  "NOT_FOUND",
  "ALREADY_EXISTS",
  "PERMISSION_DENIED",
  "RESOURCE_EXHAUSTED",
  "FAILED_PRECONDITION",
  "ABORTED",
  "OUT_OF_RANGE",
  "UNIMPLEMENTED",
  "INTERNAL",
  "UNAVAILABLE",
  "DATA_LOSS",
  "UNAUTHENTICATED",
];

/** The statuses that the engine itself gives. */
export const status = {
  ok: 0,
  cancelled: 1,
  deadlineExceeded: 4,
  resourceExhausted: 8,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
} as const;

/** `NOT_FOUND` for 5; the number for one that gRPC does not know. */
export function nameStatus(code: number): string {
  return statusNames[code] ?? String(code);
}

/** The code of a name in any case or of a number; null: there is none. */
export function readStatus(given: string | number): number | null {
  const code = /^\d+$/.test(String(given)) ? Number(given) : statusNames.indexOf(String(given).toUpperCase());
  return code >= 0 && code < statusNames.length ? code : null;
}

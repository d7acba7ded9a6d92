import { codes } from "../codes.ts";

/** HTTP/2's error codes (RFC 9113, section 7) by their number. */
const names = [
  "NO_ERROR",
  "PROTOCOL_ERROR",
  "INTERNAL_ERROR",
  "FLOW_CONTROL_ERROR",
  "SETTINGS_TIMEOUT",
  "STREAM_CLOSED",
  "FRAME_SIZE_ERROR",
  "REFUSED_STREAM",
  "CANCEL",
  "COMPRESSION_ERROR",
  "CONNECT_ERROR",
  "ENHANCE_YOUR_CALM",
  "INADEQUATE_SECURITY",
  "HTTP_1_1_REQUIRED",
] as const;

export const noError = 0;
export const refusedStream = 7;
export const cancel = 8;
export const enhanceYourCalm = 11;

export function nameError(error: number): string {
  return names[error] ?? `error ${error}`;
}

/** k6's number for a GOAWAY with this error: 1611 and the error, 1610 for one that is not known. */
export function codeOfGoaway(error: number): number {
  return error < names.length ? codes.http2 + 11 + error : codes.http2 + 10;
}

/** k6's number for a stream that was reset with this error: 1631 and the error, 1630 for one that is not known. */
export function codeOfReset(error: number): number {
  return error < names.length ? codes.http2 + 31 + error : codes.http2 + 30;
}

/** nghttp2's numbers for rules that a server broke, and HTTP/2's. */
const brokenRules: ReadonlyMap<number, number> = new Map([
  [-505, 1],
  [-524, 3],
  [-510, 5],
  [-522, 6],
  [-523, 9],
]);

/** k6's number for a connection on which the server broke HTTP/2's rules: 1651 and the error, 1650 for one that is not known. */
export function codeOfBrokenSession(errno: number | undefined): number {
  const error = brokenRules.get(errno ?? 0);
  return error === undefined ? codes.http2 + 50 : codes.http2 + 51 + error;
}

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

/** k6's number for a connection that broke HTTP/2's rules: 1650, nothing is known of it. */
export const codeOfBrokenSession = codes.http2 + 50;

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

const noError = 0;
const protocolError = 1;
export const refusedStream = 7;
export const cancel = 8;
const enhanceYourCalm = 11;

export function nameError(error: number): string {
  return names[error] ?? `error ${error}`;
}

/** k6's number for a GOAWAY with this error: 1611 and the error, 1610 for one that is not known. */
export function codeOfGoaway(error: number): number {
  return error < names.length ? codes.http2 + 11 + error : codes.http2 + 10;
}

/** k6's number for a stream that was reset with this error: 1631 and the error, 1630 for one that is not known. */
function codeOfReset(error: number): number {
  return error < names.length ? codes.http2 + 31 + error : codes.http2 + 30;
}

/** Number and words for a stream that was reset, by the server or by node:http2 because of what came on it. */
export function describeReset(
  name: string,
  reset: number,
  { answering, promisedLength }: { readonly answering: boolean; readonly promisedLength: string | null },
  maxHeader: number,
): { readonly code: number; readonly message: string } {
  // node:http2 does so where a body ends before its length, and does not say why.
  if (reset === protocolError && promisedLength !== null) {
    const problem = `its body is not as long as its content-length, ${promisedLength}`;
    return { code: codes.other, message: `bad answer from ${name}: ${problem}` };
  }
  const code = codeOfReset(reset);
  if (reset === noError) {
    return {
      code,
      message: `${name} closed the stream ${answering ? "in the middle of an answer" : "without an answer"}`,
    };
  }
  const reasons: Readonly<Record<number, string>> = {
    [enhanceYourCalm]: ` (or its headers are larger than max_header (${maxHeader} bytes))`,
    [protocolError]: " (or its headers break HTTP's rules, such as a content-length that is no length)",
  };
  return { code, message: `${name} reset the stream: ${nameError(reset)}${answering ? "" : (reasons[reset] ?? "")}` };
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

import { randomBytes } from "node:crypto";

/** A new value of the `traceparent` header (W3C Trace Context, version 00): ids of its own, sampled. */
export function drawTraceparent(): string {
  const ids = randomBytes(24).toString("hex");
  return `00-${ids.slice(0, 32)}-${ids.slice(32)}-01`;
}

/** The trace id of a header line `traceparent: …`; null: it is none. */
export function readTraceId(line: string): string | null {
  return /^traceparent: [0-9a-f]{2}-([0-9a-f]{32})-/.exec(line)?.[1] ?? null;
}

import { createRequire } from "node:module";
import type * as Http2 from "node:http2";

const require = createRequire(import.meta.url);
let http2: typeof Http2 | null = null;

/** Node's HTTP/2, loaded by the first who asks: a run that needs none starts without it. */
export function loadHttp2(): typeof Http2 {
  http2 ??= require("node:http2") as typeof Http2;
  return http2;
}

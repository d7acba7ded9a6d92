import { run } from "../../src/local/run.ts";
import type { Report } from "../../src/protocol/report.ts";
import { protoFolder } from "./grpc-server.ts";

/** Runs steps against servers of shop.proto, once unless the options say more; a failed step lets the next one go on. */
export function performSteps(steps: readonly object[], options: object = {}, signal?: AbortSignal): Promise<Report> {
  const bound = "duration" in options ? {} : { iterations: 1 };
  const workflow = { options: { vus: 1, on_error: "continue", ...bound, ...options }, steps };
  return run(workflow, { folder: protoFolder, threads: 1, ...(signal === undefined ? {} : { signal }) });
}

/** A step that calls a method of the server. */
export const callStep = (
  { port }: { readonly port: number },
  method: string,
  config: object,
  more: object = {},
): object => ({
  type: "grpc",
  config: { address: `127.0.0.1:${port}`, method: `shop.v1.Shop/${method}`, proto: "shop.proto", ...config },
  ...more,
});

export const listErrors = (report: Report) => report.errors.map(({ code, message }) => `${code}: ${message}`);
export const countOf = (report: Report, metric: string) => report.metrics[metric]?.values["count"];

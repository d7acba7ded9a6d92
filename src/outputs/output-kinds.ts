import type { OutputType } from "../protocol/output.ts";
import type { OpenOutput } from "./output.ts";

/** Every kind of stream, loaded when it is asked for. */
export const outputKinds = {
  json: async () => (await import("./json.ts")).openJson,
  csv: async () => (await import("./csv.ts")).openCsv,
  influxdb: async () => (await import("./influxdb.ts")).openInfluxdb,
  prometheus: async () => (await import("./prometheus.ts")).openPrometheus,
  otlp: async () => (await import("./otlp.ts")).openOtlp,
  webhook: async () => (await import("./webhook.ts")).openWebhook,
} as const satisfies Record<OutputType, () => Promise<OpenOutput>>;

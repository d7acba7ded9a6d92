import type { Render } from "./render.ts";

/** The report as JSON text, indented, with a newline at its end. Integers beyond 2^53 are written as texts. */
export const renderJson: Render = (report) =>
  `${JSON.stringify(report, (_key, value: unknown) => (typeof value === "bigint" ? String(value) : value), 2)}\n`;

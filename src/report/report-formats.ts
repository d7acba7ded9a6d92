import { renderJson } from "./json.ts";
import type { Render } from "./render.ts";
import { renderText } from "./text.ts";

/** Every format of a report and what renders it. */
export const reportFormats = {
  text: renderText,
  json: renderJson,
} as const satisfies Record<string, Render>;

export type ReportFormat = keyof typeof reportFormats;

/** Whether there is a format of this name. */
export function isReportFormat(name: string): name is ReportFormat {
  return Object.hasOwn(reportFormats, name);
}

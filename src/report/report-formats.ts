import { renderJson } from "./json.ts";
import type { Render } from "./render.ts";
import { renderText } from "./text.ts";

/** What a terminal is shown; files take more (`file-formats.ts`). */
export const reportFormats = {
  text: renderText,
  json: renderJson,
} as const satisfies Record<string, Render>;

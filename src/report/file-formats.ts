import type { Render } from "./render.ts";

/** Every format that a report is written to a file in, loaded when it is asked for. */
export const fileFormats = {
  text: async () => (await import("./text.ts")).renderText,
  json: async () => (await import("./json.ts")).renderJson,
  junit: async () => (await import("./junit.ts")).renderJunit,
  markdown: async () => (await import("./markdown.ts")).renderMarkdown,
  csv: async () => (await import("./csv.ts")).renderCsv,
  hdr: async () => (await import("./hdr.ts")).renderHdr,
} as const satisfies Record<string, () => Promise<Render>>;

export type FileFormat = keyof typeof fileFormats;

/** Whether there is a format of this name. */
export function isFileFormat(name: string): name is FileFormat {
  return Object.hasOwn(fileFormats, name);
}

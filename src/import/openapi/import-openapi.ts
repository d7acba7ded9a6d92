import type { Imported, ImportOptions } from "../importer.ts";
export function importOpenapi(_text: string, _options: ImportOptions): Imported { throw new Error("openapi"); }

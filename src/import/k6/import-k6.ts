import type { Imported, ImportOptions } from "../importer.ts";
export function importK6(_text: string, _options: ImportOptions): Imported { throw new Error("k6"); }

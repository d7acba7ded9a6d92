import type { Imported, ImportOptions } from "../importer.ts";
export function importJmx(_text: string, _options: ImportOptions): Imported { throw new Error("jmx"); }

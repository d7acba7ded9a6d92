import type { Importer } from "./importer.ts";

/** Every format that is read, by its name on the command line; its reader is loaded when it is asked for. */
export const importFormats = {
  har: async () => (await import("./har/import-har.ts")).importHar,
  openapi: async () => (await import("./openapi/import-openapi.ts")).importOpenapi,
  postman: async () => (await import("./postman/import-postman.ts")).importPostman,
  curl: async () => (await import("./curl/import-curl.ts")).importCurl,
  jmx: async () => (await import("./jmx/import-jmx.ts")).importJmx,
  k6: async () => (await import("./k6/import-k6.ts")).importK6,
} as const satisfies Record<string, () => Promise<Importer>>;

export type ImportFormat = keyof typeof importFormats;

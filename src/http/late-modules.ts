import type { ReadAssets } from "./assets/read-page.ts";
import type { CookieJar } from "./cookie-jar.ts";
import type { decodeBody } from "./decode.ts";

let cookieJar: Promise<typeof CookieJar> | null = null;
let decoder: Promise<typeof decodeBody> | null = null;
let pageReader: Promise<ReadAssets> | null = null;

/** The cookie jar's class, loaded once per thread: before the start where cookies are kept. */
export function loadCookieJar(): Promise<typeof CookieJar> {
  cookieJar ??= import("./cookie-jar.ts").then((module) => module.CookieJar);
  return cookieJar;
}

/** What decodes gzip and its like, loaded once per thread: before the start where bodies are read. */
export function loadDecoder(): Promise<typeof decodeBody> {
  decoder ??= import("./decode.ts").then((module) => module.decodeBody);
  return decoder;
}

/** What finds the assets of pages, loaded once per thread: before the start where they are loaded. */
export function loadPageReader(): Promise<ReadAssets> {
  pageReader ??= import("./assets/read-page.ts").then((module) => module.createPageReader());
  return pageReader;
}

import type { ImportOptions } from "./importer.ts";

/** What pages load beside what they ask their servers: left out unless it is included by name. */
const staticFiles =
  /\.(?:css|js|mjs|map|png|jpe?g|gif|webp|avif|svg|ico|bmp|woff2?|ttf|otf|eot|mp[34]|webm|ogg|wasm)$/i;

/** Why a request is not imported; null: it is. `staticToo`: files of pages are imported like the rest. */
export function refuseUrl(url: string, options: Pick<ImportOptions, "include" | "exclude">): string | null {
  const { host, pathname } = URL.canParse(url) ? new URL(url) : { host: "", pathname: url };
  const meets = (globs: readonly string[]): string | undefined => globs.find((glob) => meetsGlob(glob, host, pathname));
  const excluded = meets(options.exclude);
  if (excluded !== undefined) return `--exclude ${excluded}`;
  if (options.include.length > 0) return meets(options.include) === undefined ? "no --include takes it" : null;
  return staticFiles.test(pathname) ? "a static file; --include takes it" : null;
}

/** A glob that begins with `/` is for paths, one without `/` for hosts, another for `host/path`. `*` is anything, `?` one character. */
function meetsGlob(glob: string, host: string, path: string): boolean {
  const subject = glob.startsWith("/") ? path : glob.includes("/") ? host + path : host;
  return matchWild(glob.toLowerCase(), subject.toLowerCase());
}

/** In linear steps for each star: no pattern is slow. */
function matchWild(glob: string, text: string): boolean {
  let [at, from, star, mark] = [0, 0, -1, 0];
  while (from < text.length) {
    if (glob[at] === "*") [star, mark, at] = [at, from, at + 1];
    else if (glob[at] === "?" || glob[at] === text[from]) [at, from] = [at + 1, from + 1];
    else if (star >= 0) [at, mark, from] = [star + 1, mark + 1, mark + 1];
    else return false;
  }
  while (glob[at] === "*") at += 1;
  return at === glob.length;
}

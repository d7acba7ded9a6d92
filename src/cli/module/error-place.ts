import { execFile } from "node:child_process";
import { relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const ownFolder = fileURLToPath(new URL("../../", import.meta.url));

/** Where in a file of the user's an error arose, as `file:line` or `file:line:column`; null: nothing says it. */
export async function findErrorPlace(error: unknown, file: string): Promise<string | null> {
  const stack = error instanceof Error ? (error.stack ?? "") : "";
  const place = readSourcePlace(stack) ?? readFramePlace(stack);
  // V8 tells of JavaScript that it cannot read, but not where; another process does.
  return place === null && error instanceof SyntaxError ? readSourcePlace(await checkSyntax(file)) : place;
}

/** As parsers say it: `file:line`, the line, and carets under what they do not take. */
function readSourcePlace(text: string): string | null {
  const found = /^(\S.*):(\d+)\r?\n(?:.*\n){1,3}? *\^+\r?$/m.exec(text);
  if (found === null) return null;
  const [, source = "", line = ""] = found;
  return `${showFile(source)}:${line}`;
}

/** The innermost frame in a file that is neither ours nor a package's. */
function readFramePlace(stack: string): string | null {
  for (const [, url = "", line = "", column = ""] of stack.matchAll(/(file:\/\/[^\s()]+):(\d+):(\d+)\)?$/gm)) {
    const path = fileURLToPath(url);
    if (!path.startsWith(ownFolder) && !path.includes("node_modules")) return `${showFile(url)}:${line}:${column}`;
  }
  return null;
}

/** From the current folder, where it lies in it. */
function showFile(source: string): string {
  const path = source.startsWith("file://") ? fileURLToPath(source) : source;
  const near = relative(process.cwd(), path);
  return near.startsWith("..") ? path : near;
}

function checkSyntax(file: string): Promise<string> {
  const said = Promise.withResolvers<string>();
  execFile(process.execPath, ["--check", resolve(file)], { timeout: 10_000 }, (_error, _stdout, stderr) =>
    said.resolve(stderr),
  );
  return said.promise;
}

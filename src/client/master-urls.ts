import { EngineError } from "../errors.ts";

/**
 * The masters of a list with commas between them, with or without `http://`; no port is 8080. Gives URLs without a
 * slash at the end. Throws EngineError `invalid_usage`.
 */
export function parseMasterUrls(text: string): readonly string[] {
  const urls = text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "")
    .map(parseMasterUrl);
  if (urls.length > 0) return urls;
  throw new EngineError(
    "invalid_usage",
    "no master is named; it takes http://HOST:PORT, several with commas between them",
  );
}

function parseMasterUrl(text: string): string {
  const named = text.startsWith(":") ? `localhost${text}` : text;
  const url = URL.parse(/^https?:\/\//i.test(named) ? named : `http://${named}`);
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]?.toLowerCase() ?? "http";
  if (
    url === null ||
    !["http", "https"].includes(scheme) ||
    url.hostname === "" ||
    url.username !== "" ||
    url.search !== "" ||
    url.hash !== ""
  ) {
    throw new EngineError("invalid_usage", `\`${text}\` is no address of a master; it takes http://HOST:PORT`);
  }
  const hasPort = /:\d+$/.test(/^(?:https?:\/\/)?([^/]+)/i.exec(named)?.[1] ?? "");
  if (!hasPort && url.protocol === "http:") url.port = "8080";
  return url.href.replace(/\/$/, "");
}

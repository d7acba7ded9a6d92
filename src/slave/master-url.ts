import { EngineError } from "../errors.ts";
import { linkPath } from "../protocol/link.ts";

/** One master of a list. */
export interface MasterUrl {
  /** As people write it: `http://host:port`. */
  readonly shown: string;
  /** `ws://host:port/api/v1/link`, wss for https. */
  readonly link: string;
}

const schemes: ReadonlyMap<string, string> = new Map([
  ["http:", "ws:"],
  ["ws:", "ws:"],
  ["https:", "wss:"],
  ["wss:", "wss:"],
]);

/**
 * Reads `host:port,http://host:port,https://host`: commas between, `http://` where there is no scheme, port 8080 where
 * there is neither scheme nor port. Throws EngineError `invalid_usage`.
 */
export function readMasterUrls(text: string): readonly MasterUrl[] {
  const parts = text.split(",").map((part) => part.trim());
  return parts.map((part) => {
    const isBare = !part.includes("://");
    const url = parseUrl(isBare ? `http://${part}` : part);
    const scheme = url === null ? undefined : schemes.get(url.protocol);
    if (url === null || scheme === undefined || url.hostname === "" || (url.pathname !== "/" && url.pathname !== "")) {
      throw new EngineError(
        "invalid_usage",
        `${JSON.stringify(part)} is no address of a master: give HOST:PORT, http://HOST:PORT or https://HOST, several with commas`,
      );
    }
    if (isBare && url.port === "" && !part.endsWith(":80")) url.port = "8080";
    return {
      shown: `${scheme === "wss:" ? "https" : "http"}://${url.host}`,
      link: `${scheme}//${url.host}${linkPath}`,
    };
  });
}

function parseUrl(text: string): URL | null {
  return URL.canParse(text) ? new URL(text) : null;
}

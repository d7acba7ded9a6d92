import { lookup } from "node:dns";
import { Agent as PlainAgent, type IncomingMessage, request as requestPlain } from "node:http";
import { Agent as SecureAgent, request as requestSecure } from "node:https";
import { isIP, type LookupFunction } from "node:net";
import { DeliveryError, type OutputSetup } from "./output.ts";

/** Posts bodies to one URL over kept connections. Redirects are not followed. */
export interface Poster {
  /** Throws DeliveryError. */
  post(body: Uint8Array, signal: AbortSignal): Promise<void>;
  close(): void;
}

export interface PosterOptions {
  /** Without user and password. */
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly refuses: OutputSetup["refuses"];
}

/** So much of a refusal is told. */
const shownBytes = 200;
const longestRetryAfterMs = 60_000;

/** The URL without its login, and the header that says it. */
export function splitLogin(text: string): { readonly url: URL; readonly headers: Readonly<Record<string, string>> } {
  const url = new URL(text);
  const { username, password } = url;
  url.username = "";
  url.password = "";
  if (username === "" && password === "") return { url, headers: {} };
  const login = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { url, headers: { authorization: `Basic ${Buffer.from(login).toString("base64")}` } };
}

/** The header that says a bearer token; null: none. */
export function bearer(token: string | null): Readonly<Record<string, string>> {
  return token === null ? {} : { authorization: `Bearer ${token}` };
}

/** Nothing is connected yet. */
export function createPoster({ url, headers, refuses }: PosterOptions): Poster {
  const isSecure = url.protocol === "https:";
  const agent = isSecure
    ? new SecureAgent({ keepAlive: true, maxSockets: 1 })
    : new PlainAgent({ keepAlive: true, maxSockets: 1 });
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");

  const ask = (body: Uint8Array, signal: AbortSignal): Promise<IncomingMessage> => {
    const answered = Promise.withResolvers<IncomingMessage>();
    const start = isSecure ? requestSecure : requestPlain;
    const outgoing = start(url, {
      method: "POST",
      headers: { "user-agent": "workflow-engine", ...headers, "content-length": String(body.length) },
      agent,
      signal,
      lookup: createLookup(refuses),
    });
    outgoing.on("error", answered.reject);
    outgoing.on("response", answered.resolve);
    outgoing.end(body);
    return answered.promise;
  };

  return {
    async post(body, signal) {
      const refusal = refuses(host, isIP(host) === 0 ? "" : host);
      if (refusal !== null) throw new DeliveryError(`nothing may be sent to ${host}: ${refusal}`, null);
      const answer = await ask(body, signal);
      const status = answer.statusCode ?? 0;
      const said = await readStart(answer);
      if (status >= 200 && status < 300) return;
      const again = status === 408 || status === 429 || status >= 500;
      const message = `it answered ${status}${said === "" ? "" : `: ${said}`}`;
      throw new DeliveryError(message, again ? readRetryAfter(answer.headers["retry-after"]) : null);
    },
    close: () => agent.destroy(),
  };
}

/** Names are looked up for every connection; an address that is refused is not dialled. */
function createLookup(refuses: OutputSetup["refuses"]): LookupFunction {
  return (host, options, done) => {
    lookup(host, { ...options, all: true }, (error, found) => {
      if (error !== null) return done(error, "", 0);
      const allowed = found.filter(({ address }) => refuses(host, address) === null);
      const [first] = allowed;
      if (first === undefined) {
        const why = refuses(host, found[0]?.address ?? "") ?? "it has no address";
        return done(new DeliveryError(`nothing may be sent to ${host}: ${why}`, null), "", 0);
      }
      if (options.all === true) done(null, allowed);
      else done(null, first.address, first.family);
    });
  };
}

async function readStart(answer: IncomingMessage): Promise<string> {
  let start = Buffer.alloc(0);
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    if (start.length < shownBytes) start = Buffer.concat([start, chunk.subarray(0, shownBytes - start.length)]);
  }
  // On one line: a log takes it.
  return start
    .toString()
    .replace(/\p{C}+/gu, " ")
    .trim();
}

function readRetryAfter(header: string | undefined): number {
  if (header === undefined) return 0;
  const ms = /^\d+$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - Date.now();
  return Number.isFinite(ms) ? Math.min(longestRetryAfterMs, Math.max(0, ms)) : 0;
}

import type * as Http from "node:http";
import { CallWithheld, type DriverCall, DriverFailure } from "../../driver/call-driver.ts";
import { type DialPorts, dialHttpTarget } from "../../driver/dial-http-target.ts";
import type { HttpTarget } from "../../driver/http-target.ts";
import { codeOfBreak, codes } from "../../http/codes.ts";
import { printUrl } from "../../http/url.ts";
import type { SseConfig } from "./sse-config.ts";
import { EventStream, type StreamEvents } from "./event-stream.ts";

/** Node's client, loaded when a workflow has such steps. */
export const loadHttp = (): Promise<typeof Http> => import("node:http");

/** What a step asks for. */
export interface StreamRequest extends HttpTarget {
  /** The VU's number. */
  readonly vu: number;
  readonly body: string | null;
  readonly maxHeader: number;
}

/**
 * Sends the request and gives the stream once the head of the answer is there. Rejects with a DriverFailure: `http_403`
 * and the like for every status but 200; redirects are not followed. With CallWithheld when the permit is withdrawn.
 */
export async function openStream(
  config: SseConfig,
  { url, proxy, vu, headers, body, maxHeader }: StreamRequest,
  ports: DialPorts,
  call: DriverCall,
  events: StreamEvents,
): Promise<EventStream> {
  const { request: send } = await loadHttp();
  const { clock, permit } = ports;
  const askedAt = clock.now();
  const until = Math.min(call.until, askedAt + config.connectTimeoutMs);
  const target = { url, proxy, vu, tls: config.tls, alwaysTunnel: false };
  const socket = await dialHttpTarget(target, ports, { until, signal: call.signal });
  const shown = `${config.method} ${printUrl(url)}`;
  if (!permit.maySend(clock.now())) {
    socket.destroy();
    throw new CallWithheld();
  }
  // A proxy is given a plain request with the whole URL; through a tunnel goes what goes to the origin.
  const asksProxy = proxy !== null && !url.origin.secure;
  const request = send({
    // The socket that was checked and dialled above is the one that is used.
    createConnection: () => socket,
    method: config.method,
    path: asksProxy ? printUrl(url) : url.target,
    headers: {
      host: url.authority,
      accept: "text/event-stream",
      "cache-control": "no-cache",
      ...(asksProxy && proxy.authorization !== null ? { "proxy-authorization": proxy.authorization } : {}),
      ...headers,
    },
    maxHeaderSize: maxHeader,
  });
  return new Promise((resolve, reject) => {
    const fail = (failure: DriverFailure) => {
      call.signal.removeEventListener("abort", abort);
      request.on("error", () => undefined);
      request.destroy();
      reject(failure);
    };
    const abort = () => fail(new DriverFailure(String(codes.other), "given up"));
    const onError = (error: NodeJS.ErrnoException) =>
      fail(new DriverFailure(String(codeOfBreak(error)), `${shown} failed: ${error.code ?? error.message}`));
    request.on("error", onError);
    request.on("response", (response) => {
      const refusal = findRefusal(shown, response);
      if (refusal !== null) {
        fail(refusal);
        return;
      }
      request.off("error", onError);
      call.signal.removeEventListener("abort", abort);
      const lastEventId = Buffer.from(headers["last-event-id"] ?? "", "latin1").toString();
      const asked = { askedAt, lastEventId };
      resolve(new EventStream(request, response, config, clock, asked, events));
    });
    call.signal.addEventListener("abort", abort);
    request.end(body ?? undefined);
  });
}

function findRefusal(shown: string, { statusCode = 0, headers }: Http.IncomingMessage): DriverFailure | null {
  if (statusCode !== 200) {
    const leads = statusCode >= 300 && statusCode < 400 && headers.location !== undefined;
    const advice = leads ? "; redirects are not followed, write the URL it leads to" : "";
    return new DriverFailure(`http_${statusCode}`, `${shown} was answered with ${statusCode}${advice}`);
  }
  const encoding = headers["content-encoding"] ?? "identity";
  if (encoding !== "identity") {
    const message = `${shown} gave a stream in \`${encoding.slice(0, 100)}\`, which is not read; ask for it plain`;
    return new DriverFailure("1000", message);
  }
  const type = headers["content-type"] ?? "";
  if (/^text\/event-stream\s*(?:;|$)/i.test(type)) return null;
  return new DriverFailure("1000", `${shown} gave \`${type.slice(0, 100)}\`, which is no text/event-stream`);
}

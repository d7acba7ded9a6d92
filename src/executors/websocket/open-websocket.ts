import type { ClientRequest, IncomingMessage } from "node:http";
import type * as Ws from "ws";
import { type DriverCall, DriverFailure } from "../../driver/call-driver.ts";
import { type DialPorts, dialHttpTarget } from "../../driver/dial-http-target.ts";
import { codeOfBreak, codes } from "../../http/codes.ts";
import { printUrl } from "../../http/url.ts";
import type { WebSocketTarget } from "./compile-texts.ts";
import type { WebSocketConfig } from "./websocket-config.ts";
import { WebSocketConnection, type WebSocketEvents } from "./websocket-connection.ts";

/** The driver, loaded when a workflow has such steps. */
export const loadWebSockets = (): Promise<typeof Ws> => import("ws");

/**
 * Connects and upgrades. Rejects with a DriverFailure: `http_401` and the like where the server answers with something
 * else; redirects are not followed. With CallWithheld when the permit is withdrawn.
 */
export async function openWebSocket(
  config: WebSocketConfig,
  { url, proxy, headers, vu, subprotocols }: WebSocketTarget & { readonly vu: number },
  ports: DialPorts,
  call: DriverCall,
  events: WebSocketEvents,
): Promise<WebSocketConnection> {
  const { WebSocket } = await loadWebSockets();
  const { clock } = ports;
  const until = Math.min(call.until, clock.now() + config.connectTimeoutMs);
  const target = { url, proxy, vu, tls: config.tls, alwaysTunnel: true };
  const stream = await dialHttpTarget(target, ports, { until, signal: call.signal });
  const shown = printUrl(url);
  const socket = new WebSocket(shown, [...subprotocols], {
    // The socket that was checked and dialled above is the one that is used.
    createConnection: () => stream,
    headers,
    perMessageDeflate: config.compression,
    maxPayload: config.maxBytes,
    followRedirects: false,
  });
  const connection = new WebSocketConnection(socket, config, clock, events);
  return new Promise((resolve, reject) => {
    const fail = (failure: DriverFailure) => {
      settle();
      socket.terminate();
      stream.destroy();
      reject(failure);
    };
    const alarm = clock.at(until, () =>
      fail(new DriverFailure(String(codes.dialTimeout), `the upgrade of ${shown} timed out`)),
    );
    const abort = () => fail(new DriverFailure(String(codes.other), "given up"));
    const onError = (error: NodeJS.ErrnoException) => {
      const code = error.code === undefined ? codes.other : codeOfBreak(error);
      fail(new DriverFailure(String(code), `the upgrade of ${shown} failed: ${error.message}`));
    };
    const onAnswer = (_request: ClientRequest, { statusCode = 0, headers: answered }: IncomingMessage) => {
      const leads = statusCode >= 300 && statusCode < 400 && answered.location !== undefined;
      const advice = leads ? `; redirects are not followed, write the URL it leads to` : "";
      fail(new DriverFailure(`http_${statusCode}`, `the upgrade of ${shown} was answered with ${statusCode}${advice}`));
    };
    const settle = () => {
      alarm.cancel();
      call.signal.removeEventListener("abort", abort);
      socket.off("error", onError);
      socket.off("unexpected-response", onAnswer);
    };
    socket.on("error", onError);
    socket.on("unexpected-response", onAnswer);
    socket.on("open", () => {
      settle();
      resolve(connection);
    });
    call.signal.addEventListener("abort", abort);
  });
}

import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocketServer } from "ws";
import { linkLimits, linkSubprotocol, type LinkPort } from "../protocol/link.ts";
import type { Clock, Log } from "../protocol/ports.ts";
import { acceptLink, type OpenLink } from "./open-link.ts";

/** Why a connection is not taken: status and body of the answer. */
interface Denial {
  readonly status: number;
  readonly error: string;
  readonly message: string;
}

export interface LinkServerOptions {
  readonly port: LinkPort;
  readonly clock: Clock;
  readonly log: Log;
  /** R: a slave says something at least so often; three times that without a word end its link, ms. */
  readonly renewMs: number;
  /** Links at a time, those that have not said hello included. */
  readonly maxLinks: number;
}

/** Where slaves dial in. */
export interface LinkServer {
  /** Takes the upgrade of a request for the link's path from a peer that may join. */
  accept(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Says goodbye to all slaves. Idempotent. */
  close(): Promise<void>;
}

/** A link server that listens through the master's own HTTP server. */
export function createLinkServer(options: LinkServerOptions): LinkServer {
  const { log } = options;
  const open = new Set<OpenLink>();
  let closed = false;
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: linkLimits.messageBytes,
    perMessageDeflate: false,
    clientTracking: false,
    handleProtocols: (offered) => (offered.has(linkSubprotocol) ? linkSubprotocol : false),
  });
  server.on("wsClientError", (error, socket) => {
    deny(socket, { status: 400, error: "invalid_request", message: error.message });
  });

  const decide = (request: IncomingMessage): Denial | null => {
    if (closed) return { status: 503, error: "not_ready", message: "the master is going down" };
    const offered = (request.headers["sec-websocket-protocol"] ?? "").split(",").map((each) => each.trim());
    if (!offered.includes(linkSubprotocol)) {
      return {
        status: 400,
        error: "unsupported",
        message: `this master speaks ${linkSubprotocol}, not ${offered.join(", ").slice(0, 100) || "nothing"}: use the same version on both sides`,
      };
    }
    if (open.size >= options.maxLinks) {
      return { status: 503, error: "too_many_slaves", message: `this master takes ${options.maxLinks} slaves at most` };
    }
    return null;
  };

  return {
    accept(request, socket, head) {
      const denial = decide(request);
      if (denial !== null) {
        log("warn", `refused a link from ${request.socket.remoteAddress ?? "?"}: ${denial.message}`);
        deny(socket, denial);
        return;
      }
      const peer = request.socket.remoteAddress ?? "";
      server.handleUpgrade(request, socket, head, (webSocket) => {
        const link = acceptLink(webSocket, { ...options, peer, onEnd: () => open.delete(link) });
        open.add(link);
      });
    },
    async close() {
      closed = true;
      await Promise.all([...open].map((link) => link.close("the master is going down")));
    },
  };
}

function deny(socket: Duplex, { status, error, message }: Denial): void {
  const body = `${JSON.stringify({ error, message })}\n`;
  const head = [
    `HTTP/1.1 ${status} Refused`,
    "content-type: application/json; charset=utf-8",
    `content-length: ${Buffer.byteLength(body)}`,
    "connection: close",
  ];
  // The peer may be gone already; there is nobody left to tell.
  socket.on("error", () => socket.destroy());
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`);
}

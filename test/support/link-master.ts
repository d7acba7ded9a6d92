import { once } from "node:events";
import { createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";
import { createLinkServer } from "../../src/master/link-server.ts";
import type { FromSlave, Hello, LinkPort, Refused, SlaveLink, ToSlave, Welcome } from "../../src/protocol/link.ts";
import type { Clock } from "../../src/protocol/ports.ts";
import { createSystemClock } from "../../src/run/system-clock.ts";
import { systemTime } from "../../src/run/system-time.ts";

/** A master that only keeps links: what a test sees of slaves, and what it says to them. */
export interface LinkMaster {
  readonly url: string;
  readonly port: number;
  readonly hellos: readonly Hello[];
  readonly received: readonly FromSlave[];
  readonly logged: readonly string[];
  /** Ids whose link is up, in order of their coming; an id that came twice stands twice. */
  readonly connected: readonly string[];
  readonly disconnects: number;
  send(message: ToSlave): void;
  closeLinks(reason: string): void;
  /** Called for every message after it was noted. */
  onMessage: ((message: FromSlave) => void) | null;
  /** Decides on hellos; default: welcome. */
  onHello: ((hello: Hello) => Welcome | Refused) | null;
  close(): Promise<void>;
}

export interface LinkMasterOptions {
  /** H, ms; default: no link that stalls is given up within a test. */
  readonly timeoutMs?: number;
  /** The master's end of links goes by it; default: the system's. */
  readonly clock?: Clock;
  readonly maxLinks?: number;
  /** Default: any free one. */
  readonly port?: number;
  /** PEM texts; default: no TLS. */
  readonly tls?: { readonly cert: string; readonly key: string };
}

/** Starts one on loopback with the real link server; it ends with the test. */
export async function startLinkMaster(options: LinkMasterOptions = {}): Promise<LinkMaster> {
  const { timeoutMs = 200_000, maxLinks = 100, clock = createSystemClock(systemTime) } = options;
  const hellos: Hello[] = [];
  const received: FromSlave[] = [];
  const logged: string[] = [];
  const links = new Map<string, { readonly id: string; readonly link: SlaveLink }>();
  let disconnects = 0;
  const port: LinkPort = {
    connect(hello, link) {
      hellos.push(hello);
      const answer = master.onHello?.(hello) ?? {
        type: "welcome",
        timeoutMs,
        intervalMs: timeoutMs,
        masterId: "test",
        ticket: "t",
      };
      if (answer.type === "welcome") links.set(hello.instance, { id: hello.slave.id, link });
      return Promise.resolve(answer);
    },
    receive(_id, _instance, message) {
      received.push(message);
      master.onMessage?.(message);
    },
    disconnect(_id, instance) {
      disconnects++;
      links.delete(instance);
    },
  };
  const server = createLinkServer({
    port,
    clock,
    log: (level, message) => logged.push(`${level}: ${message}`),
    renewMs: timeoutMs / 5,
    maxLinks,
  });
  const http = options.tls === undefined ? createServer() : createTlsServer(options.tls);
  http.on("upgrade", (request, socket, head) => server.accept(request, socket, head));
  http.listen(options.port ?? 0, "127.0.0.1");
  await once(http, "listening");
  const address = http.address() as AddressInfo;
  let closing: Promise<void> | null = null;
  const master: LinkMaster = {
    url: options.tls === undefined ? `http://127.0.0.1:${address.port}` : `https://localhost:${address.port}`,
    port: address.port,
    hellos,
    received,
    logged,
    get connected() {
      return [...links.values()].map(({ id }) => id);
    },
    get disconnects() {
      return disconnects;
    },
    send(message) {
      for (const { link } of links.values()) link.send(message);
    },
    closeLinks(reason) {
      for (const { link } of links.values()) link.close(reason);
    },
    onMessage: null,
    onHello: null,
    close() {
      closing ??= (async () => {
        await server.close();
        http.closeAllConnections();
        await new Promise((resolve) => http.close(resolve));
      })();
      return closing;
    },
  };
  onTestFinished(() => master.close());
  return master;
}

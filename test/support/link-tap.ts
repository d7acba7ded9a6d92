import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import type { Frame } from "../../src/protocol/frame.ts";
import { linkLimits, linkPath, linkSubprotocol } from "../../src/protocol/link.ts";
import { decodeToMaster } from "../../src/protocol/link-codec.ts";

/** Stands between slaves and their master, passes every message on and keeps the frames. */
export interface LinkTap {
  /** What a slave dials instead of the master. */
  readonly url: string;
  /** Each frame of a slave once, in its order, as it was on the wire. */
  framesOf(slaveId: string): readonly Frame[];
}

/** Starts one in front of a master; it ends with the test. */
export async function tapLinks(masterUrl: string): Promise<LinkTap> {
  const frames = new Map<string, Map<string, Frame>>();
  const options = { maxPayload: linkLimits.orderBytes, perMessageDeflate: false };
  const server = new WebSocketServer({ ...options, port: 0, host: "127.0.0.1" });
  onTestFinished(() => {
    for (const near of server.clients) near.terminate();
    server.close();
  });
  server.on("connection", (near) => {
    const far = new WebSocket(masterUrl.replace("http", "ws") + linkPath, linkSubprotocol, options);
    const early: string[] = [];
    let slaveId = "";
    near.on("message", (data) => {
      const text = String(data);
      const decoded = decodeToMaster(text);
      if ("refusal" in decoded) throw new Error(decoded.refusal);
      const { message } = decoded;
      if (message.type === "hello") slaveId = message.slave.id;
      if (message.type === "fact" && message.fact.type === "frame") {
        const { frame } = message.fact;
        const known = frames.get(slaveId) ?? new Map<string, Frame>();
        frames.set(slaveId, known.set(`${message.execution} ${message.incarnation} ${frame.number}`, frame));
      }
      if (far.readyState === WebSocket.OPEN) far.send(text);
      else early.push(text);
    });
    far.on("open", () => {
      for (const text of early.splice(0)) far.send(text);
    });
    far.on("message", (data) => near.send(String(data)));
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      from.on("close", () => to.terminate());
      from.on("error", () => to.terminate());
    }
  });
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    framesOf: (slaveId) => [...(frames.get(slaveId)?.values() ?? [])],
  };
}

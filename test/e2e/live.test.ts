import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { WebSocketServer } from "ws";
import { startCluster } from "../support/cluster.ts";

test("websocket and sse steps on two slaves: their sums are exact, and nothing stays open", async () => {
  const http = createServer((_message, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.end('data: {"n":1}\n\ndata: {"n":2}\n\n');
  });
  const sockets = new WebSocketServer({ server: http });
  const closes: number[] = [];
  sockets.on("connection", (socket) => {
    socket.on("message", (data, binary) => socket.send(data as Buffer, { binary }));
    socket.on("close", (code) => closes.push(code));
  });
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  onTestFinished(() => {
    sockets.close();
    http.close();
  });
  const { port } = http.address() as AddressInfo;
  const cluster = await startCluster();
  await cluster.addSlave("web-1");
  await cluster.addSlave("web-2");
  const ask = (data: string) => ({ url: `ws://127.0.0.1:${port}`, data, count: 1 });
  const report = await cluster.finish(
    await cluster.submit({
      id: "live",
      options: { mode: "per-vu-iterations", vus: 4, iterations: 5, target_slaves: { min_slaves: 2 } },
      steps: [
        {
          id: "ask",
          type: "websocket",
          config: ask("登录 ${vu.id} ${vu.iteration}"),
          assert: [{ type: "body", value: "登录 ${vu.id} ${vu.iteration}" }],
        },
        {
          id: "read",
          type: "sse",
          config: { url: `http://127.0.0.1:${port}/`, count: "all" },
          assert: [{ type: "json", path: "$[1].n", value: 2 }],
        },
      ],
    }),
  );
  expect(report).toMatchObject({ status: "completed", errors: [] });
  const count = (metric: string) => report.metrics[metric]?.values["count"];
  expect(["ws_sessions", "ws_msgs_sent", "ws_msgs_received", "ws_session_duration"].map(count)).toEqual([4, 20, 20, 4]);
  expect(["sse_streams", "sse_events_received", "sse_stream_duration"].map(count)).toEqual([20, 40, 20]);
  await expect.poll(() => closes).toEqual([1000, 1000, 1000, 1000]);
  expect(sockets.clients.size).toBe(0);
});

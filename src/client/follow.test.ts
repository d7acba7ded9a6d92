import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test, vi } from "vitest";
import { startApiServer } from "../../test/support/api-server.ts";
import { findSteadyPort } from "../../test/support/steady-port.ts";
import { Client } from "./client.ts";

/** Follows an execution and notes what it is told. */
function follow(masters: readonly string[], id: string, retryForMs?: number) {
  const told: string[] = [];
  const follower = new Client({ master: masters.join(",") }).follow(id, {
    ...(retryForMs === undefined ? {} : { retryForMs }),
    onMessage: ({ type }) => told.push(type),
    onLost: ({ code }) => told.push(`lost: ${code}`),
    onFound: () => told.push("found"),
  });
  onTestFinished(() => follower.close());
  return { told, follower };
}

test("a master that is lost is found again, and the end is heard", async () => {
  const port = await findSteadyPort();
  const config = `server: {address: "127.0.0.1:${port}"}`;
  const first = await startApiServer({ config });
  const { told, follower } = follow([first.url], "live");
  await expect.poll(() => told).toEqual(["metrics"]);
  await first.server.close();
  await expect.poll(() => told).toEqual(["metrics", "lost: unreachable"]);
  const second = await startApiServer({ config });
  await vi.waitFor(() => expect(told).toEqual(["metrics", "lost: unreachable", "found", "metrics"]), 30_000);
  for (const watcher of second.watchers) watcher({ type: "complete", status: "aborted", report: null });
  expect(await follower.completed).toEqual({ type: "complete", status: "aborted", report: null });
});

test("any master of the list will do", async () => {
  const { url } = await startApiServer();
  const { follower } = follow([`http://127.0.0.1:${await findSteadyPort()}`, url], "over");
  expect(await follower.completed).toMatchObject({ status: "completed", report: { execution_id: "over" } });
});

test("an execution that a master does not know is told at once", async () => {
  const { url } = await startApiServer();
  await expect(follow([url], "nobody").follower.completed).rejects.toMatchObject({ code: "not_found" });
});

test("a master that does not come back is given up", async () => {
  const { follower, told } = follow([`http://127.0.0.1:${await findSteadyPort()}`], "live", 300);
  await expect(follower.completed).rejects.toMatchObject({ code: "unreachable" });
  expect(told).toEqual(["lost: unreachable"]);
});

test("calls say what is wrong: the master's own words, nobody there, somebody else", async () => {
  const { url } = await startApiServer();
  const client = new Client(url);
  expect(await client.pause("live")).toEqual({ success: true, status: "paused" });
  await expect(client.getExecution("nobody")).rejects.toMatchObject({
    code: "not_found",
    message: "there is no execution `nobody`",
    hint: "`workflow-engine executions list`, or GET /api/v1/executions, lists them.",
  });
  await expect(client.submit({ yaml: "steps: 1" })).rejects.toMatchObject({
    code: "invalid_workflow",
    problems: [{ path: "steps", line: 1 }],
  });
  const port = await findSteadyPort();
  await expect(new Client(`http://127.0.0.1:${port}`).listSlaves()).rejects.toMatchObject({
    code: "unreachable",
    message: `no master answers at http://127.0.0.1:${port}: the connection was refused`,
  });
  const other = createServer((_request, response) => response.end("<html>")).listen(0, "127.0.0.1");
  onTestFinished(() => {
    other.close();
  });
  await once(other, "listening");
  const otherUrl = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
  await expect(new Client(otherUrl).listSlaves()).rejects.toMatchObject({ code: "unreachable" });
});

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { startCluster, waitUntil } from "../support/cluster.ts";
import { runCommand } from "../support/command.ts";
import { startDeafListener } from "../support/deaf-listener.ts";
import { type Misbehaviour, startRawTarget } from "../support/raw-target.ts";

const rounds = process.env["LONG_TESTS"] === "1" ? 20 : 1;
const timeout = 240_000 * (rounds === 1 ? 1 : 5);
const big = { method: "POST", body: "x".repeat(8_000_000) };

/** What a thread may hold when its time is over: an open answer, a dial, a handshake, a write. */
const cases = [
  ["answers that do not come", "stalls", "http", {}],
  ["connections that are reset", "resets", "http", {}],
  ["answers without an end", "sendsEndlessBody", "http", {}],
  ["handshakes that stall", "stalls", "https", {}],
  ["handshakes that are reset", "resets", "https", {}],
  ["writes that nobody reads", "stopsReading", "http", big],
  ["dials that nobody takes", "deaf", "http", {}],
] as const satisfies readonly (readonly [string, Misbehaviour | "deaf", string, object])[];

async function startTarget(kind: Misbehaviour | "deaf", scheme: string): Promise<string> {
  if (kind !== "deaf") return (await startRawTarget(kind)).url.replace("http", scheme);
  const { port, close } = await startDeafListener();
  onTestFinished(close);
  return `${scheme}://127.0.0.1:${port}`;
}

function makeWorkflow(url: string, more: object) {
  const options = { vus: 10, duration: "300ms", graceful_stop: "0s", http: { tls: { verify: false } } };
  return { options, steps: [{ type: "http", config: { url, timeout: "1h", ...more } }] };
}

test.for(cases)("two threads end in time with %s", { timeout }, async ([, kind, scheme, more]) => {
  const folder = mkdtempSync(join(tmpdir(), "we-ends-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "test.json");
  writeFileSync(file, JSON.stringify(makeWorkflow(await startTarget(kind, scheme), more)));
  for (let round = 0; round < rounds; round++) {
    const { code, stdout } = await runCommand(["run", file, "--threads", "2"], { deadlineMs: 100_000 });
    expect([code, stdout]).toEqual([1, expect.stringContaining("no iteration succeeded")]);
  }
});

test("a slave's threads are gone after executions against all of them, and it drains in time", {
  timeout,
}, async () => {
  const cluster = await startCluster();
  const slave = await cluster.addSlave("s1", { args: ["--threads", "2"] });
  const urls: (readonly [url: string, more: object])[] = [];
  for (const [, kind, scheme, more] of cases) urls.push([await startTarget(kind, scheme), more]);
  const run = async () => {
    const ids = [];
    for (const [url, more] of urls) ids.push(await cluster.submit(makeWorkflow(url, more)));
    for (const id of ids) expect(await cluster.finish(id)).toMatchObject({ reason: "nothing_succeeded" });
  };
  for (let round = 0; round < rounds; round++) await run();
  await waitUntil(
    async () => {
      const { body } = await cluster.call("GET", "/slaves/s1");
      return (body["status"] as { readonly active_tasks: number }).active_tasks === 0;
    },
    60_000,
    () => "the slave still has tasks",
  );
  const [url = "", more = {}] = urls[0] ?? [];
  const { options, steps } = makeWorkflow(url, more);
  const id = await cluster.submit({ options: { ...options, duration: "10m" }, steps });
  await cluster.waitFor(id, ({ active_vus }) => active_vus === 10);
  const before = performance.now();
  slave.child.kill("SIGTERM");
  expect((await slave.finished).code).toBe(0);
  // That is what it promises; its load would go on for ten minutes.
  expect(performance.now() - before).toBeLessThan(30_000);
});

import { randomBytes } from "node:crypto";
import { createClient } from "@redis/client";
import { expect, onTestFinished, test } from "vitest";
import { run } from "../../local/run.ts";

async function createStream() {
  const stream = `we-${randomBytes(6).toString("hex")}`;
  const client = createClient({ url: "redis://127.0.0.1:6379" });
  await client.connect();
  onTestFinished(async () => {
    await client.del(stream);
    await client.close();
  });
  const at = { type: "redis", url: "redis://127.0.0.1:6379", topic: stream };
  const consume = { ...at, action: "consume", group_id: "g" };
  const readGroup = async () => {
    const [{ pending, "entries-read": read } = {}] = (await client.xInfoGroups(stream)) as unknown as {
      readonly pending?: number;
      readonly "entries-read"?: number;
    }[];
    return { pending, read };
  };
  return { at, consume, readGroup };
}

test("what VUs took of a stream is acknowledged, and nothing more was taken", async () => {
  const { at, consume, readGroup } = await createStream();
  const { errors, metrics } = await run(
    {
      options: { vus: 4, iterations: 40 },
      steps: [
        { type: "loop", config: { count: 3, steps: [{ type: "mq", config: { ...at, message: "m" } }] } },
        { type: "mq", config: { ...consume, count: 2, timeout: "50s" } },
      ],
    },
    { threads: 2 },
  );
  expect(errors).toEqual([]);
  expect(metrics["mq_msgs_received"]?.values["count"]).toBe(80);
  expect(await readGroup()).toEqual({ pending: 0, read: 80 });
});

test("a consume step that runs out of time, and one that a stop cuts short, leave nothing pending", async () => {
  const { at, consume, readGroup } = await createStream();
  const stop = new AbortController();
  const steps = [
    { type: "mq", config: { ...consume, count: 3, timeout: "300ms" }, on_error: "continue" },
    { type: "mq", config: { ...at, message: "late" } },
    { type: "script", config: { script: "console.log('waits')" } },
    { type: "mq", config: { ...consume, count: 5, timeout: "10m" } },
  ];
  let waiting = 0;
  const running = run(
    { options: { vus: 2, duration: "60s", graceful_stop: "0s" }, steps },
    { signal: stop.signal, log: (_level, message) => void (message === "waits" && waiting++) },
  );
  await expect.poll(() => waiting).toBe(2);
  // What the server has given out when its client leaves stays pending: both late ones have come.
  await expect.poll(readGroup).toEqual({ pending: 0, read: 2 });
  stop.abort();
  const report = await running;
  expect(report.metrics["interrupted_iterations"]?.values["count"]).toBe(2);
  expect(report.metrics["mq_msgs_received"]?.values["count"]).toBe(2);
  expect(await readGroup()).toEqual({ pending: 0, read: 2 });
});

test("a header that would stand in the body's place is refused", async () => {
  const config = { type: "redis", topic: "x", message: "mine", headers: { body: "other" } };
  await expect(run({ steps: [{ type: "mq", config }] })).rejects.toThrow(/`body` of an entry is the message itself/);
});

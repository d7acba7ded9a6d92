import { randomBytes } from "node:crypto";
import { expect, onTestFinished, test } from "vitest";
import { startTcpProxy } from "../../../test/support/tcp-proxy.ts";
import { run } from "../../local/run.ts";

const rows = ([4, 5] as const).flatMap((version) => ([0, 1, 2] as const).map((qos) => ({ version, qos })));

test.each(rows)(
  "MQTT $version, QoS $qos: so it goes over the wire, and each message comes once",
  async ({ version, qos }) => {
    const proxy = await startTcpProxy(1883);
    onTestFinished(() => proxy.close());
    const topic = `we/${randomBytes(6).toString("hex")}`;
    const at = { type: "mqtt", url: `mqtt://127.0.0.1:${proxy.port}`, topic, qos, protocol_version: version };
    const body = "第 ${loop.index} 条";
    const report = await run({
      steps: [
        { type: "mq", config: { ...at, action: "consume", count: 0 } },
        {
          type: "loop",
          config: { count: 9, steps: [{ id: "publish", type: "mq", config: { ...at, message: body } }] },
        },
        {
          type: "mq",
          config: { ...at, action: "consume", count: 9, timeout: "50s" },
          assert: [
            { type: "json", path: "$.messages[0].qos", value: qos },
            { type: "body", value: Array.from({ length: 9 }, (_, index) => `第 ${index} 条`).join("\n") },
          ],
        },
        {
          id: "none_left",
          type: "mq",
          config: { ...at, action: "consume", timeout: "200ms" },
          on_error: "continue",
        },
      ],
    });
    expect(report.errors.map(({ code, step_id: step }) => [code, step])).toEqual([["timeout", "none_left"]]);
    expect(report.metrics["mq_msgs_sent"]?.values["count"]).toBe(9);
    expect(report.metrics["mq_msgs_received"]?.values["count"]).toBe(9);
    expect(proxy.heard(`\0\u0004MQTT${String.fromCharCode(version)}`)).toBe(true);
    // PUBLISH: its kind and QoS, how long it is, the topic; then a packet's number for QoS 1 and 2, and MQTT 5's properties.
    const length = 2 + topic.length + (qos > 0 ? 2 : 0) + (version === 5 ? 1 : 0) + Buffer.byteLength("第 0 条");
    const head = String.fromCharCode(0x30 | (qos << 1), length, 0, topic.length) + topic;
    expect(proxy.heard(head)).toBe(true);
  },
);

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { onTestFinished, expect, test } from "vitest";
import type { Report } from "../../src/protocol/report.ts";
import { startCluster } from "../support/cluster.ts";
import { runCommand, startCommand } from "../support/command.ts";
import { startDemo } from "../support/demo.ts";
import { readLineProtocol } from "../support/line-protocol.ts";
import { readOtlp } from "../support/otlp.ts";
import { startPointReceiver } from "../support/point-receiver.ts";
import { influxdb } from "../support/services/influxdb.ts";
import { prometheus } from "../support/services/prometheus.ts";
import { startPrivate } from "../support/services/service.ts";
import { createFolder } from "../support/workflows.ts";

interface Started {
  readonly folder: string;
  readonly file: string;
  readonly reportFile: string;
}

async function prepare(options: object = { vus: 2, iterations: 160 }): Promise<Started> {
  const { url } = await startDemo();
  const folder = createFolder();
  const file = join(folder, "flow.json");
  const steps = [
    { id: "a", type: "http", config: { url: `${url}/get` }, checks: [{ type: "status", value: 200 }] },
    { id: "fails", type: "http", config: { url: `${url}/status/503` }, on_error: "skip" },
    { id: "rest", type: "sleep", config: { duration: "20ms" } },
  ];
  writeFileSync(file, JSON.stringify({ id: "flow", options, steps }));
  return { folder, file, reportFile: join(folder, "report.json") };
}

async function run(started: Started, outputs: readonly string[], more: readonly string[] = []) {
  const flags = outputs.flatMap((output) => ["-o", output]);
  const args = ["run", started.file, "-q", "--out-json", started.reportFile, ...flags, ...more];
  const finished = await runCommand(args, { deadlineMs: 170_000 });
  return { ...finished, report: readReport(started) };
}

function readReport({ reportFile }: Started): Report {
  return JSON.parse(readFileSync(reportFile, "utf8")) as Report;
}

/** Counters, and counts of rates and trends, of the report: what increments must add up to. */
function countsOf(report: Report): Record<string, number> {
  const counts = Object.entries(report.metrics).flatMap(([name, { type, values }]): [string, number][] => {
    if (type === "gauge") return [];
    return [[name, type === "rate" ? (values["passes"] ?? 0) + (values["fails"] ?? 0) : (values["count"] ?? 0)]];
  });
  return Object.fromEntries(counts);
}

interface Point {
  readonly metric: string;
  readonly type: string;
  readonly values: Readonly<Record<string, number>>;
}

function sumOf(points: readonly Point[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const { metric, type, values } of points) {
    if (type === "gauge") continue;
    sums[metric] = (sums[metric] ?? 0) + (values[type === "rate" ? "total" : "count"] ?? 0);
  }
  return sums;
}

test("the points of json, csv and a webhook add up to the report", { timeout: 180_000 }, async () => {
  const started = await prepare();
  const receiver = await startPointReceiver();
  const [json, csv] = [join(started.folder, "points.json"), join(started.folder, "points.csv")];
  const { report, code } = await run(started, [`json=${json}`, `csv=${csv}`, `webhook=${receiver.url}/hook`]);
  expect(code).toBe(0);
  const counts = countsOf(report);
  expect(counts["http_reqs"]).toBe(320);

  const lines = readFileSync(json, "utf8").trimEnd().split("\n");
  expect(sumOf(lines.map((line) => JSON.parse(line) as Point))).toEqual(counts);

  const [head = "", ...rows] = readFileSync(csv, "utf8").trimEnd().split("\n");
  const names = head.split(",");
  const points = rows.map((row) => {
    const cells = Object.fromEntries(row.split(",").map((cell, at) => [names[at] ?? "", cell]));
    return {
      metric: cells["metric"] ?? "",
      type: cells["type"] ?? "",
      values: { count: Number(cells["count"]), total: Number(cells["total"]) },
    };
  });
  expect(sumOf(points)).toEqual(counts);

  const messages = receiver.taken().map((body) => JSON.parse(body.toString()) as Record<string, unknown>);
  expect(messages.map(({ type }) => type)).toEqual([
    "start",
    "event",
    ...messages.slice(2, -1).map(() => "points"),
    "end",
  ]);
  expect(messages.at(-1)).toMatchObject({ execution_id: report.execution_id, status: "completed", passed: true });
  expect(sumOf(messages.flatMap(({ points: some }) => (some ?? []) as Point[]))).toEqual(counts);
  expect(
    report.outputs.map(({ type, sent, dropped, retries, last_error }) => ({
      type,
      sent,
      dropped,
      retries,
      last_error,
    })),
  ).toEqual(
    ["json", "csv", "webhook"].map((type) => ({ type, sent: lines.length, dropped: 0, retries: 0, last_error: null })),
  );
});

test("InfluxDB has what the report has, also after it was killed and came back", { timeout: 180_000 }, async () => {
  const server = await startPrivate(influxdb);
  onTestFinished(() => server.close());
  const base = `http://127.0.0.1:${server.port}`;
  await fetch(`${base}/query?q=CREATE+DATABASE+we`, { method: "POST" });
  const started = await prepare({ vus: 2, duration: "10m" });
  const args = ["run", started.file, "--out-json", started.reportFile, "-o", `influxdb=${base}/we`];
  const running = startCommand(args, { deadlineMs: 170_000 });
  await expect.poll(() => query(`SELECT COUNT("count") FROM "http_reqs"`)).not.toBe(0);
  await server.kill();
  await running.seen(/output influxdb .* tried again/);
  await server.start();
  await running.seen(/output influxdb .* takes points again/);
  running.child.kill("SIGINT");
  expect((await running.finished).code).toBe(105);
  const report = readReport(started);
  expect(report.outputs[0]).toMatchObject({ dropped: 0 });
  expect(report.outputs[0]?.retries).toBeGreaterThan(0);
  for (const [metric, count] of Object.entries(countsOf(report))) {
    const field = report.metrics[metric]?.type === "rate" ? "total" : "count";
    expect([metric, await query(`SELECT SUM("${field}") FROM "${metric}"`)]).toEqual([metric, count]);
  }
  expect(await query(`SELECT MAX("max") FROM "http_req_duration"`)).toBe(
    report.metrics["http_req_duration"]?.values["max"],
  );

  async function query(text: string): Promise<number> {
    const answer = await fetch(`${base}/query?db=we&q=${encodeURIComponent(text)}`);
    const { results } = (await answer.json()) as { results: { series?: { values: [string, number][] }[] }[] };
    return results[0]?.series?.[0]?.values[0]?.[1] ?? 0;
  }
});

test("Prometheus has what the report has", { timeout: 180_000 }, async () => {
  const server = await startPrivate(prometheus);
  onTestFinished(() => server.close());
  const base = `http://127.0.0.1:${server.port}`;
  const started = await prepare();
  const { report, code } = await run(started, [`prometheus=${base}/api/v1/write`]);
  expect(code).toBe(0);
  expect(report.outputs[0]).toMatchObject({ dropped: 0, last_error: null });
  const seen: Record<string, number> = {};
  for (const [metric, { type, contains }] of Object.entries(report.metrics)) {
    if (type === "gauge") continue;
    const unit = contains === "time" ? "_seconds" : contains === "data" ? "_bytes" : "";
    const name = `we_${metric}`;
    const names =
      type === "rate"
        ? [`${name}_passes_total`, `${name}_fails_total`]
        : type === "counter"
          ? [`${name}${unit}_total`]
          : [`${name}${unit}_count`];
    seen[metric] = 0;
    for (const one of names) seen[metric] += await query(`sum(${one}{execution_id="${report.execution_id}"})`);
  }
  expect(seen).toEqual(countsOf(report));
  const p95 = await query("1000 * histogram_quantile(0.95, sum by (le) (we_http_req_duration_seconds_bucket))");
  expect(p95).toBeGreaterThan(0);
  expect(await query(`sum(we_http_req_duration_seconds_bucket{le="+Inf"})`)).toBe(
    countsOf(report)["http_req_duration"],
  );
  const native = { type: "prometheus", url: `${base}/api/v1/write`, histograms: "native" };
  const { report: second } = await run(await prepare({ vus: 2, iterations: 160, outputs: [native] }), []);
  expect(second.outputs[0]).toMatchObject({ dropped: 0, last_error: null });
  const all = `sum(we_http_req_duration_seconds{execution_id="${second.execution_id}"})`;
  const values = second.metrics["http_req_duration"]?.values ?? {};
  expect(await query(`histogram_count(${all})`)).toBe(values["count"]);
  const ratio = (1_000 * (await query(`histogram_quantile(0.95, ${all})`))) / (values["p(95)"] ?? 0);
  expect(ratio).toBeGreaterThan(0.95);
  expect(ratio).toBeLessThan(1.05);

  async function query(text: string): Promise<number> {
    const answer = await fetch(`${base}/api/v1/query?query=${encodeURIComponent(text)}`);
    const { data } = (await answer.json()) as { data: { result: { value: [number, string] }[] } };
    return Number(data.result[0]?.value[1] ?? 0);
  }
});

test.each(["protobuf", "json"] as const)(
  "OTLP as %s says what the report says",
  { timeout: 180_000 },
  async (format) => {
    const receiver = await startPointReceiver(() => 200);
    const started = await prepare({ vus: 2, iterations: 160, outputs: [{ type: "otlp", url: receiver.url, format }] });
    const { report } = await run(started, []);
    expect(report.outputs[0]).toMatchObject({ type: "otlp", dropped: 0, last_error: null });
    expect(new Set(receiver.received.map(({ url }) => url))).toEqual(new Set(["/v1/metrics"]));
    const latest = new Map<string, number>();
    for (const body of receiver.taken()) {
      for (const { metric, attributes, value } of readOtlp(body, format)) latest.set(`${metric}\n${attributes}`, value);
    }
    const sums: Record<string, number> = {};
    for (const [series, value] of latest) {
      const name = (series.split("\n")[0] ?? "").replace(/\.(?:passes|fails)$/, "");
      sums[name] = (sums[name] ?? 0) + value;
    }
    expect(sums).toMatchObject(countsOf(report));
  },
);

test("InfluxDB 2 gets a token and strict line protocol, whatever stands in the tags", {
  timeout: 180_000,
}, async () => {
  const receiver = await startPointReceiver();
  const tags = { "a=b, c": 'x"y,z = w', ends: "with\\", lines: "one\ntwo", 名: "值 🙂" };
  const target = `${receiver.url}?org=my+org&bucket=load`;
  const outputs = [
    {
      type: "influxdb",
      url: target,
      token: "${secret.TOKEN}",
      interval: "2s",
      headers: { "x-extra": "${secret.TOKEN}" },
    },
  ];
  const started = await prepare({ vus: 2, iterations: 240, tags, outputs });
  const { report, stdout, stderr } = await run(started, [], ["--secret", "TOKEN=s3cr3t/t0ken"]);
  const points = receiver.taken().flatMap((body) => readLineProtocol(body.toString()));
  const sum = points
    .filter(({ measurement }) => measurement === "http_reqs")
    .reduce((all, { fields }) => all + (fields["count"] ?? 0), 0);
  expect(sum).toBe(countsOf(report)["http_reqs"]);
  expect(points.find(({ measurement }) => measurement === "http_reqs")?.tags).toMatchObject({
    "a=b, c": 'x"y,z = w',
    lines: "one two",
    名: "值 🙂",
  });
  for (const { url, headers } of receiver.received) {
    expect(url).toBe("/api/v2/write?org=my+org&bucket=load&precision=ns");
    expect(headers).toMatchObject({ authorization: "Token s3cr3t/t0ken", "x-extra": "s3cr3t/t0ken" });
  }
  for (const shown of [JSON.stringify(report), stdout, stderr]) expect(shown).not.toContain("s3cr3t");
});

test("no password of a target is shown, whatever the target answers", { timeout: 180_000 }, async () => {
  const receiver = await startPointReceiver((_, response) => {
    response.setHeader("x-nothing", "1");
    return 401;
  });
  const started = await prepare({
    vus: 1,
    iterations: 40,
    outputs: [{ type: "webhook", url: `http://me:hidden-1@127.0.0.1:${receiver.port}/?key=hidden-2` }],
  });
  const { report, code, stderr } = await run(started, [], ["--log-level", "debug"]);
  expect(code).toBe(0);
  expect(receiver.received[0]?.headers.authorization).toBe(`Basic ${Buffer.from("me:hidden-1").toString("base64")}`);
  expect(report.outputs[0]).toMatchObject({
    target: `http://***@127.0.0.1:${receiver.port}/?key=***`,
    sent: 0,
    retries: 0,
    last_error: "it answered 401: no, said the receiver",
  });
  expect(report.outputs[0]?.dropped).toBeGreaterThan(10);
  expect(JSON.stringify(report) + stderr).not.toContain("hidden-");
});

test("a target that never answers and a full disk cost 10 s at the end, and not the exit code", {
  timeout: 180_000,
}, async () => {
  const receiver = await startPointReceiver(() => null);
  const thresholds = [{ metric: "iterations", condition: "count > 1000000" }];
  const started = await prepare({ vus: 1, iterations: 40, thresholds });
  const { report, code, ms } = await run(started, [`influxdb=${receiver.url}/we`, "json=/dev/full"]);
  expect(code).toBe(99);
  expect(ms).toBeGreaterThan(10_000);
  expect(report.duration_ms).toBeLessThan(ms - 10_000);
  expect(report.outputs).toMatchObject([{ sent: 0 }, { type: "json", sent: 0 }]);
  expect(report.outputs[0]?.dropped).toBeGreaterThan(10);
  expect(report.outputs[1]?.dropped).toBe(report.outputs[0]?.dropped);
  expect(report.outputs[1]?.last_error).toMatch(/ENOSPC|not all was taken/);
});

test.each([
  ["-o", "statsd=localhost:1", /--out: `statsd=…` is no TYPE=TARGET with one of the types json, csv, influxdb/],
  ["-o", "influxdb=http://127.0.0.1:8086", /it names no database: http:\/\/HOST:8086\/DATABASE/],
  ["-o", "influxdb=http://127.0.0.1:8086?org=x", /InfluxDB 2 needs both/],
  ["-o", "otlp=localhost:4318", /otlp takes a URL that begins with http:\/\//],
  ["-o", "json=http://127.0.0.1/", /json is written to a file, not to a URL/],
  ["-o", "json=/nowhere/at/all.json", /cannot write \/nowhere\/at\/all\.json/],
])("%s %s is refused before any load", { timeout: 180_000 }, async (flag, value, message) => {
  const started = await prepare();
  const { code, stderr } = await runCommand(["run", started.file, flag, value]);
  expect(code).not.toBe(0);
  expect(stderr).toMatch(message);
});

test("submit -o fetches the files that the master wrote, and they add up to the report", {
  timeout: 180_000,
}, async () => {
  const receiver = await startPointReceiver();
  const cluster = await startCluster({ dataDir: createFolder() });
  await Promise.all([cluster.addSlave("one"), cluster.addSlave("two")]);
  const started = await prepare({ vus: 4, iterations: 400 });
  const json = join(started.folder, "points.json");
  const flags = ["-o", `json=${json}`, "-o", `webhook=${receiver.url}/\${secret.PATH}`, "--secret", "PATH=hidden-path"];
  const { code, stdout, stderr } = await runCommand(
    ["submit", started.file, "--master", cluster.url, "--out-json", started.reportFile, ...flags],
    { deadlineMs: 170_000 },
  );
  expect([code, stderr.includes("rror")]).toEqual([0, false]);
  const report = readReport(started);
  const counts = countsOf(report);
  expect(report.slaves.map(({ id }) => id)).toEqual(["one", "two"]);
  const lines = readFileSync(json, "utf8").trimEnd().split("\n");
  expect(sumOf(lines.map((line) => JSON.parse(line) as Point))).toEqual(counts);
  const messages = receiver.taken().map((body) => JSON.parse(body.toString()) as { points?: Point[] });
  expect(sumOf(messages.flatMap(({ points = [] }) => points))).toEqual(counts);
  expect(new Set(receiver.received.map(({ url }) => url))).toEqual(new Set(["/hidden-path"]));
  const { status, body } = await cluster.call("GET", `/executions/${report.execution_id}/files`);
  expect([status, body]).toEqual([200, { files: [{ name: "points.json", size: readFileSync(json).length }] }]);
  for (const name of ["..%2F..%2Fstore.db", "other.json"]) {
    const missing = await fetch(`${cluster.url}/api/v1/executions/latest/files/${name}`);
    expect([name, missing.status]).toEqual([name, 404]);
  }
  expect(JSON.stringify(report) + stdout + stderr + cluster.master.shown()).not.toContain("hidden-path");
});

test("a master's restart doubles and loses no point of a file, and none of InfluxDB's", {
  timeout: 180_000,
}, async () => {
  const receiver = await startPointReceiver();
  const cluster = await startCluster({ dataDir: createFolder(), heartbeatTimeout: "20s" });
  await Promise.all([cluster.addSlave("one"), cluster.addSlave("two")]);
  const { url } = await startDemo();
  const outputs = [
    { type: "json", url: "points.json" },
    { type: "influxdb", url: `${receiver.url}/we` },
    { type: "otlp", url: receiver.url, format: "json" },
  ];
  const id = await cluster.submit({
    id: "restarted",
    options: { vus: 4, duration: "10m", outputs },
    steps: [
      { id: "a", type: "http", config: { url: `${url}/get` } },
      { type: "sleep", config: { duration: "20ms" } },
    ],
  });
  await expect.poll(() => receiver.received.length).toBeGreaterThan(4);
  await cluster.restartMaster(500);
  const before = receiver.received.length;
  await expect.poll(() => receiver.received.length).toBeGreaterThan(before + 4);
  await cluster.call("DELETE", `/executions/${id}`);
  const report = await cluster.finish(id, 60_000);
  const counts = countsOf(report);
  const file = await fetch(`${cluster.url}/api/v1/executions/${id}/files/points.json`);
  const lines = (await file.text()).trimEnd().split("\n");
  expect(sumOf(lines.map((line) => JSON.parse(line) as Point))).toEqual(counts);
  // As InfluxDB does: the same series at the same time is one point.
  const kept = new Map<string, number>();
  const latest = new Map<string, number>();
  for (const { url: path, body } of receiver.received) {
    if (path === "/v1/metrics") {
      for (const { metric, attributes, value } of readOtlp(body, "json")) {
        const series = `${metric} ${attributes}`;
        expect(value).toBeGreaterThanOrEqual(latest.get(series) ?? 0);
        latest.set(series, value);
      }
      continue;
    }
    for (const { measurement, tags, fields, timestamp } of readLineProtocol(body.toString())) {
      if (measurement === "http_reqs") kept.set(`${JSON.stringify(tags)} ${timestamp}`, fields["count"] ?? 0);
    }
  }
  expect([...kept.values()].reduce((sum, count) => sum + count, 0)).toBe(counts["http_reqs"]);
  const requests = [...latest]
    .filter(([series]) => series.startsWith("http_reqs "))
    .reduce((sum, [, value]) => sum + value, 0);
  expect(requests).toBe(counts["http_reqs"]);
  expect((await cluster.call("DELETE", `/executions/${id}?purge=true`)).status).toBe(200);
  expect((await fetch(`${cluster.url}/api/v1/executions/${id}/files/points.json`)).status).toBe(404);
});

test("a master sends nothing to whom its lists refuse, and takes no path as a file's name", {
  timeout: 180_000,
}, async () => {
  const receiver = await startPointReceiver();
  const folder = createFolder();
  const config = join(folder, "config.json");
  writeFileSync(config, JSON.stringify({ master: { outputs: { deny: ["127.0.0.0/8", "::1"] } } }));
  const cluster = await startCluster({ args: ["--config", config, "--standalone"] });
  const steps = [{ type: "sleep", config: { duration: "1s" } }];
  const outputs = [receiver.url, `http://localhost:${receiver.port}`].map((url) => ({ type: "webhook", url }));
  const report = await cluster.finish(await cluster.submit({ id: "denied", options: { outputs }, steps }));
  expect(receiver.received).toEqual([]);
  for (const output of report.outputs) {
    expect(output).toMatchObject({ sent: 0, retries: 0 });
    expect(output.dropped).toBeGreaterThan(0);
    expect(output.last_error).toMatch(
      /nothing may be sent to (127\.0\.0\.1|localhost): master\.outputs\.deny has its address/,
    );
  }
  const refused = await cluster.call("POST", "/workflows", {
    workflow: { id: "bad", options: { outputs: [{ type: "json", url: "x/.." }] }, steps },
  });
  expect(refused).toMatchObject({
    status: 400,
    body: {
      error: "invalid_request",
      message: 'an output cannot be named ".."; it takes a file\'s name such as points.json',
    },
  });
});

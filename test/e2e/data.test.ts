import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { Report } from "../../src/protocol/report.ts";
import { startCluster } from "../support/cluster.ts";
import { startCommand } from "../support/command.ts";
import { startTestTarget } from "../support/counting-target.ts";

const rows = 600;

/** A folder with a file of rows `u0 … u599`, some of them quoted, in GBK where asked. */
function makeFolder(workflow: object): string {
  const folder = mkdtempSync(join(tmpdir(), "data-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const lines = Array.from({ length: rows }, (_, at) => (at % 7 === 0 ? `"u${at}","a ""b"",\nc"` : `u${at},x`));
  writeFileSync(join(folder, "users.csv"), `\uFEFFname,note\r\n${lines.join("\r\n")}\r\n`);
  writeFileSync(join(folder, "load.json"), JSON.stringify(workflow));
  return folder;
}

function createWorkflow(url: string, feeder: object, options: object): object {
  return {
    data: { users: { file: "users.csv", ...feeder } },
    options: { ...options, http: { base_url: url } },
    steps: [
      {
        type: "http",
        config: {
          url: "/${vu.id}/${iteration}/${data.users.name}/${data.users.name}",
          headers: { "x-slave": "${slave.id}" },
        },
      },
    ],
  };
}

interface Taken {
  readonly vu: number;
  readonly iteration: number;
  readonly row: number;
  readonly slave: string;
}

async function listTaken(target: Awaited<ReturnType<typeof startTestTarget>>): Promise<readonly Taken[]> {
  return (await target.list()).map(({ path, slave }) => {
    const [, vu, iteration, name, again] = path.split("/");
    // The same row all through an iteration.
    expect(again).toBe(name);
    return { vu: Number(vu), iteration: Number(iteration), row: Number(name?.slice(1)), slave };
  });
}

const places = ["run", "run --threads 2", "three slaves"] as const;

/** Plays a workflow on one machine, or on three slaves; gives its report. */
async function play(place: (typeof places)[number], folder: string): Promise<Report> {
  const file = join(folder, "load.json");
  const report = join(folder, "report.json");
  const args = ["-q", "--out-json", report];
  if (place !== "three slaves") {
    const threads = place === "run" ? [] : ["--threads", "2"];
    const command = startCommand(["run", file, ...threads, ...args], { deadlineMs: 120_000 });
    expect(await command.finished).toMatchObject({ code: 0 });
  } else {
    const cluster = await startCluster();
    for (const id of ["a", "b", "c"]) await cluster.addSlave(id);
    const command = startCommand(["submit", file, "--master", cluster.url, ...args], { deadlineMs: 120_000 });
    expect(await command.finished).toMatchObject({ code: 0 });
  }
  return JSON.parse(readFileSync(report, "utf8")) as Report;
}

test.each(places)(
  "unique rows are used once each, and the load ends with the last: %s",
  { timeout: 400_000 },
  async (place) => {
    const target = await startTestTarget(5);
    const folder = makeFolder(createWorkflow(target.url, { mode: "unique" }, { vus: 12, duration: "1h" }));
    // Rows are dealt to those who ask: nobody goes on before each has one.
    await target.hold();
    const everybody = expect.poll(() => target.count(), { timeout: 300_000 }).toBe(12);
    const [report] = await Promise.all([play(place, folder), everybody.then(() => target.release())]);
    const taken = await listTaken(target);
    expect(taken.map(({ row }) => row).toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: rows }, (_, row) => row),
    );
    expect(report.metrics["data_rows"]?.values["count"]).toBe(rows);
    expect(report.events.filter(({ type }) => type === "data_over")).toHaveLength(1);
    if (place === "three slaves") expect(new Set(taken.map(({ slave }) => slave)).size).toBe(3);
  },
);

test.each(places)("as many unique rows as iterations: each gets one: %s", { timeout: 400_000 }, async (place) => {
  const target = await startTestTarget(5);
  const folder = makeFolder(createWorkflow(target.url, { mode: "unique" }, { vus: 12, iterations: rows }));
  const report = await play(place, folder);
  const taken = await listTaken(target);
  expect(new Set(taken.map(({ row }) => row)).size).toBe(rows);
  expect(report.metrics["iterations"]?.values["count"]).toBe(rows);
});

test.each(places)(
  "sequential rows follow the number of the iteration, around and around: %s",
  { timeout: 400_000 },
  async (place) => {
    const target = await startTestTarget(1);
    const folder = makeFolder(createWorkflow(target.url, { mode: "sequential" }, { vus: 6, iterations: 900 }));
    await play(place, folder);
    const taken = await listTaken(target);
    expect(taken).toHaveLength(900);
    for (const { iteration, row } of taken) expect(row).toBe(iteration % rows);
  },
);

test.each(places)("a VU keeps its shuffled row for its life: %s", { timeout: 400_000 }, async (place) => {
  const target = await startTestTarget(1);
  const feeder = { mode: "shuffle", per: "vu" };
  const folder = makeFolder(
    createWorkflow(target.url, feeder, { vus: 30, mode: "per-vu-iterations", iterations: 5, seed: 7 }),
  );
  await play(place, folder);
  const byVu = Map.groupBy(await listTaken(target), ({ vu }) => vu);
  const ofVu = [...byVu].map(([vu, taken]) => [vu, new Set(taken.map(({ row }) => row))] as const);
  expect(ofVu.map(([, own]) => own.size)).toEqual(ofVu.map(() => 1));
  expect(new Set(ofVu.map(([, [row]]) => row)).size).toBe(30);
});

test.each(places)(
  "rows that end stop the load, and what is left is dropped: %s",
  { timeout: 400_000 },
  async (place) => {
    const target = await startTestTarget(1);
    const folder = makeFolder(createWorkflow(target.url, { on_end: "stop" }, { vus: 6, iterations: 1_000 }));
    const report = await play(place, folder);
    expect(new Set((await listTaken(target)).map(({ row }) => row)).size).toBe(rows);
    expect(report.metrics["dropped_iterations"]?.values["count"]).toBe(400);
  },
);

test("a slave that is killed takes its rows with it: nobody else gets them, and the report lists them", {
  timeout: 400_000,
}, async () => {
  const target = await startTestTarget();
  const folder = makeFolder(createWorkflow(target.url, { mode: "unique" }, { vus: 9, duration: "1h" }));
  const cluster = await startCluster();
  const slaves = [];
  for (const id of ["a", "b", "c"]) slaves.push(await cluster.addSlave(id));
  const report = join(folder, "report.json");
  const args = ["submit", join(folder, "load.json"), "--master", cluster.url, "--out-json", report, "-q"];
  await target.hold(150);
  const command = startCommand(args, { deadlineMs: 120_000 });
  // Every VU waits with its row in hand.
  await expect.poll(() => target.count()).toBe(150 + 9);
  slaves[0]?.child.kill("SIGKILL");
  await slaves[0]?.finished;
  await target.release();
  await command.finished;
  const { events } = JSON.parse(readFileSync(report, "utf8")) as Report;
  const taken = (await listTaken(target)).map(({ row }) => row);
  expect(new Set(taken).size).toBe(taken.length);
  const lost = events.filter(({ type }) => type === "rows_lost");
  const listed = new Set(
    lost.flatMap(({ message }) =>
      [...(/rows ([\d\-, ]+) were/.exec(message)?.[1] ?? "").matchAll(/(\d+)(?:-(\d+))?/g)].flatMap(([, from, to]) => {
        const first = Number(from) - 1;
        return Array.from({ length: Number(to ?? from) - first }, (_, at) => first + at);
      }),
    ),
  );
  const used = new Set(taken);
  const gaps = Array.from({ length: rows }, (_, row) => row).filter((row) => !used.has(row));
  expect(gaps.filter((row) => !listed.has(row))).toEqual([]);
  expect(lost.length).toBe(gaps.length > 0 ? 1 : lost.length);
});

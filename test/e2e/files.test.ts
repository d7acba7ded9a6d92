import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { type Cluster, startCluster, waitUntil } from "../support/cluster.ts";
import { startCommand } from "../support/command.ts";
import { startTestTarget } from "../support/counting-target.ts";

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "files-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

function createWorkflow(url: string, file = "users.csv", options: object = { iterations: 2 }): object {
  return {
    data: { users: { file } },
    options: { ...options, http: { base_url: url } },
    steps: [{ type: "http", config: { url: "/${data.users.name}" } }],
  };
}

const users = "name\nann\n张三\n";
const hash = createHash("sha256").update(users).digest("hex");

function createForm(workflow: object, files: Readonly<Record<string, string>>): FormData {
  const form = new FormData();
  form.append("workflow", JSON.stringify(workflow));
  for (const [name, text] of Object.entries(files)) form.append("files", new Blob([text]), name);
  return form;
}

async function post(cluster: Cluster, form: FormData): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(`${cluster.url}/api/v1/workflows`, { method: "POST", body: form });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

/** Folders of slaves' processes with something in them. */
function listRooms(pid: number | undefined): string[] {
  return readdirSync(tmpdir())
    .filter((name) => name.startsWith(`workflow-engine-slave-${pid}-`))
    .flatMap((name) => readdirSync(join(tmpdir(), name)));
}

test("files come as a form or in base64, are kept under their hash, and leave the slave with the run", {
  timeout: 150_000,
}, async () => {
  const target = await startTestTarget();
  const dataDir = makeFolder();
  const cluster = await startCluster({ dataDir });
  const slave = await cluster.addSlave("a");
  const workflow = createWorkflow(target.url, "./data/users.csv");

  const sent = await post(cluster, createForm(workflow, { "data/users.csv": users, "unused.csv": "x" }));
  expect(sent).toMatchObject({ status: 201 });
  const id = String(sent.body["execution_id"]);
  expect(await cluster.finish(id)).toMatchObject({ passed: true });
  expect(readdirSync(join(dataDir, "executions", id, "inputs"))).toEqual([hash]);
  expect(readFileSync(join(dataDir, "executions", id, "inputs", hash), "utf8")).toBe(users);

  const files = { "data/users.csv": Buffer.from(users).toString("base64") };
  const second = await cluster.submit(workflow, { files });
  await cluster.finish(second);
  expect((await target.list()).map(({ path }) => decodeURIComponent(path))).toEqual(["/ann", "/张三", "/ann", "/张三"]);
  expect(readdirSync(join(dataDir, "uploads"))).toEqual([]);
  await waitUntil(
    async () => listRooms(slave.child.pid).length === 0,
    60_000,
    () => "the slave keeps files",
  );

  // Only a slave of the execution gets them, and the record's end is theirs.
  const asked = await fetch(`${cluster.url}/api/v1/executions/${id}/inputs/${hash}`, {
    headers: { "x-slave-id": "a", "x-slave-ticket": "guessed" },
  });
  expect(asked.status).toBe(404);
  expect((await cluster.call("DELETE", `/executions/${id}?purge=true`)).status).toBe(200);
  expect(existsSync(join(dataDir, "executions", id))).toBe(false);
});

test.each([
  ["../users.csv", "it leaves the workflow's folder"],
  ["/etc/passwd", "it is not relative to the workflow"],
  ["C:/users.csv", "it holds a colon"],
  ["data\\users.csv", "it holds a backslash"],
  ["a//b.csv", "it holds an empty folder name"],
  ["con./b.csv", "a part of it ends with a dot"],
  ["nul\u0000.csv", "it holds a control character"],
])("a file named %j is refused, and nothing is left", { timeout: 150_000 }, async (name, reason) => {
  const dataDir = makeFolder();
  const cluster = await startCluster({ dataDir });
  const workflow = createWorkflow("http://127.0.0.1:1");
  const body = { workflow, files: { [name]: "" } };
  const answer = await cluster.call("POST", "/workflows", body);
  expect(answer).toMatchObject({ status: 400, body: { error: "invalid_request" } });
  expect(answer.body["message"]).toContain(reason);
  expect((await cluster.call("GET", "/executions")).body["total"]).toBe(0);
  expect(existsSync(join(dataDir, "uploads")) ? readdirSync(join(dataDir, "uploads")) : []).toEqual([]);
});

test("what does not come, comes twice, is too large or lies on the master is refused by its name", {
  timeout: 150_000,
}, async () => {
  const dataDir = makeFolder();
  const cluster = await startCluster({ dataDir, env: { WE_SERVER_MAX_UPLOAD: "64kB" } });
  await cluster.addSlave("a");
  const missing = await post(
    cluster,
    createForm(createWorkflow("http://127.0.0.1:1", "gone.csv"), { "users.csv": users }),
  );
  expect(missing).toMatchObject({ status: 400, body: { error: "invalid_workflow" } });
  expect(JSON.stringify(missing.body)).toContain("`gone.csv` cannot be read: it did not come with the workflow");

  const own = await post(
    cluster,
    createForm(createWorkflow("http://127.0.0.1:1", "/etc/passwd"), { "users.csv": users }),
  );
  expect(JSON.stringify(own.body)).toContain("`/etc/passwd` cannot be read: it is not relative to the workflow");

  const twice = createForm(createWorkflow("http://127.0.0.1:1"), { "users.csv": users, "Users.CSV": users });
  expect(await post(cluster, twice)).toMatchObject({ status: 400, body: { error: "invalid_request" } });

  const large = createForm(createWorkflow("http://127.0.0.1:1"), { "users.csv": `name\n${"x\n".repeat(128_000)}` });
  expect(await post(cluster, large)).toMatchObject({ status: 413, body: { error: "too_large" } });

  const field = createForm(createWorkflow("http://127.0.0.1:1"), { "users.csv": users });
  field.append("fils", "x");
  expect(await post(cluster, field)).toMatchObject({ status: 400, body: { error: "invalid_request" } });

  const ragged = createForm(createWorkflow("http://127.0.0.1:1"), { "users.csv": "name,b\n1\n" });
  const { body } = await post(cluster, ragged);
  const report = await cluster.finish(String(body["execution_id"]));
  expect(report).toMatchObject({ status: "failed", reason: "start_failed" });
  expect(readdirSync(join(dataDir, "uploads"))).toEqual([]);
});

test("submit packs what the workflow names, and refuses what is not there before it sends anything", {
  timeout: 150_000,
}, async () => {
  const target = await startTestTarget();
  const cluster = await startCluster();
  await cluster.addSlave("a");
  const folder = makeFolder();
  const file = join(folder, "load.json");
  writeFileSync(file, JSON.stringify(createWorkflow(target.url)));
  const submit = () => startCommand(["submit", file, "--master", cluster.url, "-q"], { deadlineMs: 120_000 }).finished;

  const refused = await submit();
  expect(refused.code).toBe(104);
  expect(refused.stderr).toContain("`users.csv` cannot be read: there is no such file; check the path");
  expect((await cluster.call("GET", "/executions")).body["total"]).toBe(0);

  writeFileSync(join(folder, "users.csv"), users);
  expect((await submit()).code).toBe(0);
  expect(await target.count()).toBe(2);

  writeFileSync(file, JSON.stringify(createWorkflow(target.url, "../users.csv")));
  expect((await submit()).stderr).toContain("it cannot be sent: it leaves the workflow's folder");
});

test("what a killed slave left is removed by the next one", { timeout: 150_000 }, async () => {
  const target = await startTestTarget(20);
  const cluster = await startCluster();
  const slave = await cluster.addSlave("a");
  const workflow = createWorkflow(target.url, "users.csv", { vus: 1, duration: "10m" });
  const id = await cluster.submit(workflow, { files: { "users.csv": Buffer.from(users).toString("base64") } });
  await waitUntil(
    async () => (await target.count()) > 0,
    60_000,
    () => "the load did not begin",
  );
  expect(listRooms(slave.child.pid)).toHaveLength(1);
  slave.child.kill("SIGKILL");
  await slave.finished;
  const rooms = () =>
    readdirSync(tmpdir()).filter((name) => name.startsWith(`workflow-engine-slave-${slave.child.pid}-`));
  expect(rooms()).toHaveLength(1);
  await cluster.addSlave("b");
  expect(rooms()).toEqual([]);
  await cluster.call("DELETE", `/executions/${id}?force=true`);
});

test("an upload that is cut off leaves nothing", { timeout: 150_000 }, async () => {
  const dataDir = makeFolder();
  const cluster = await startCluster({ dataDir });
  const uploads = join(dataDir, "uploads");
  const stop = new AbortController();
  const head = '--x\r\ncontent-disposition: form-data; name="files"; filename="a.csv"\r\n\r\n';
  const body = new ReadableStream({
    start: (controller) => controller.enqueue(Buffer.from(`${head}name\n${"x\n".repeat(50_000)}`)),
  });
  const headers = { "content-type": "multipart/form-data; boundary=x" };
  const request = { method: "POST", headers, body, duplex: "half", signal: stop.signal } as const;
  const sent = fetch(`${cluster.url}/api/v1/workflows`, request).catch(() => null);
  await waitUntil(
    async () => existsSync(uploads) && readdirSync(uploads).length === 1,
    60_000,
    () => "nothing came",
  );
  stop.abort();
  await sent;
  await waitUntil(
    async () => readdirSync(uploads).length === 0,
    60_000,
    () => "it is still there",
  );
});

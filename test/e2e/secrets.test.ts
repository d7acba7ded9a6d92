import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { request } from "node:http";
import { expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { type Cluster, startCluster } from "../support/cluster.ts";
import { type RunningCommand, runCommand, startCommand } from "../support/command.ts";
import { startHttpTarget } from "../support/http-steps.ts";
import { createFolder } from "../support/workflows.ts";

const secret = "s3cr3t/Wört&key 万密";
/** Every way in which it could be written somewhere. */
const forms = [
  secret,
  encodeURIComponent(secret),
  encodeURI(secret),
  JSON.stringify(secret).slice(1, -1),
  Buffer.from(secret).toString("base64").replace(/=+$/, ""),
  Buffer.from(`user:${secret}`).toString("base64").slice(8, -4),
];

function expectNone(place: string, written: string): void {
  for (const form of forms) expect([place, written.includes(form)]).toEqual([place, false]);
}

/** A step for each way in which a secret can get into what is shown. */
function workflow(url: string) {
  const step = (id: string, config: object, more: object = {}) => ({ id, type: "http", config, ...more });
  return {
    id: "leaky",
    variables: { copy: "${secret.TOKEN}" },
    options: { vus: 2, duration: "10m", on_error: "continue", think_time: "50ms", http: { base_url: url } },
    setup: [{ id: "made", type: "script", config: { script: 'vars.set("made", "of " + vars.get("copy"))' } }],
    teardown: [step("unmake", { method: "POST", url: "/200", body: "${made}" })],
    steps: [
      step("query", { url: "/503", params: { key: "${secret.TOKEN}" } }),
      step("path", { url: "/503/${url_encode(secret.TOKEN)}" }),
      step("header", { url: "/503", headers: { "x-token": "${url_encode(secret.TOKEN)}" } }),
      step("body", { method: "POST", url: "/503", json: { token: "${secret.TOKEN}", copied: "${copy}" } }),
      step("basic", { url: "/503", auth: { basic: { username: "user", password: "${secret.TOKEN}" } } }),
      step("host", { url: "http://${secret.HOST}.invalid/" }),
      step("nowhere", { url: "http://127.0.0.1:1/${url_encode(secret.TOKEN)}" }),
      step("wrong", { url: "http://${secret.TOKEN}:port/" }),
      {
        id: "script",
        type: "script",
        config: {
          script: `const found = vars.get("copy");
            console.log("log " + found, { found }); console.error("error " + encodeURIComponent(found));
            check("check " + found, false);
            throw new Error("thrown " + found);`,
        },
      },
      { id: "socket", type: "socket", config: { action: "send", host: "127.0.0.1", port: 1, data: "${secret.TOKEN}" } },
      {
        id: "switched",
        type: "condition",
        config: { expression: "${secret.TOKEN} == 'x' || ${secret.TOKEN} > 5", then: [step("then", { url: "/200" })] },
      },
      step(
        "told",
        { method: "POST", url: "/200", body: "${secret.TOKEN}" },
        {
          extract: [{ name: "found", from: "body" }],
          assert: [{ type: "body", operator: "eq", value: "${found} is not ${secret.TOKEN}" }],
        },
      ),
    ],
  };
}

/** What everybody who asks the API is told of an execution. */
async function readAnswers(url: string, id: string): Promise<string> {
  const paths = ["", "/metrics", "/report", "/logs", "/timeseries"].map((tail) => `/api/v1/executions/${id}${tail}`);
  const all = [...paths, "/api/v1/executions", "/api/v1/workflows", "/api/v1/workflows/leaky", "/metrics"];
  const answers = await Promise.all(all.map(async (path) => (await fetch(url + path)).text()));
  return answers.join("\n");
}

async function readStream(url: string, id: string): Promise<string> {
  const stream = new WebSocket(`${url.replace("http", "ws")}/api/v1/executions/${id}/ws`);
  const messages: string[] = [];
  stream.on("message", (data: Buffer) => messages.push(data.toString()));
  await new Promise((resolve) => stream.once("close", resolve));
  return messages.join("\n");
}

function readFolder(folder: string): string {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name)).toString("utf8"))
    .join("\n");
}

/** A module that makes a process fail, at SIGUSR2, with a fault that holds the secret. */
function makeFault(): Readonly<Record<string, string>> {
  const file = join(createFolder(), "fault.mjs");
  const thrown = `new Error("a fault in the middle of ${secret}")`;
  writeFileSync(file, `process.on("SIGUSR2", () => { throw ${thrown}; });\n`);
  return { NODE_OPTIONS: `--import=${file}` };
}

async function expectMaskedFault(command: RunningCommand): Promise<void> {
  command.child.kill("SIGUSR2");
  const { code, stderr } = await command.finished;
  expect(code).toBe(1);
  expect(stderr).toContain("a fault in the middle of *** (a fault of the engine: please report it)");
}

async function startTarget() {
  const target = await startHttpTarget((seen, response) => {
    // What a careless server tells: all that it was asked.
    response.writeHead(Number(/^\/(\d+)/.exec(seen.url)?.[1] ?? 200), { "x-echo": encodeURI(seen.url) });
    response.end(seen.body || `${seen.url} ${JSON.stringify(seen.headers)}`);
  });
  onTestFinished(() => target.close());
  return target;
}

async function submitLeaky(cluster: Cluster, url: string): Promise<string> {
  return cluster.submit(workflow(url), { secrets: { TOKEN: secret, HOST: "s3cr3t-host" } });
}

test("a submitted secret is in no log, answer, stream, file or fault of master and slave, and does its work", {
  timeout: 180_000,
}, async () => {
  const target = await startTarget();
  const dataDir = createFolder();
  const env = makeFault();
  const cluster = await startCluster({ dataDir, env, args: ["--log-level", "debug"] });
  const slave = await cluster.addSlave("s1", {
    env,
    args: ["--log-level", "debug", "--capabilities", "http_executor,script_executor,socket_executor"],
  });
  const id = await submitLeaky(cluster, target.url);
  const stream = readStream(cluster.url, id);
  await cluster.waitFor(id, ({ active_vus: active }) => active === 2);
  expectNone("files while it runs", readFolder(dataDir));
  // Each VU has done all its steps.
  await expect.poll(() => target.seen.filter(({ body }) => body === secret).length).toBeGreaterThan(4);
  await cluster.call("DELETE", `/executions/${id}`);
  const report = await cluster.finish(id);
  expect(report.errors.map(({ step_id: step }) => step)).toEqual(
    expect.arrayContaining([
      "query",
      "path",
      "header",
      "body",
      "basic",
      "host",
      "nowhere",
      "wrong",
      "told",
      "script",
      "socket",
    ]),
  );
  expect(target.seen.find(({ body }) => body.startsWith("{"))?.body).toBe(
    JSON.stringify({ token: secret, copied: secret }),
  );
  const answers = await readAnswers(cluster.url, id);
  expect(answers).toContain("***");
  expectNone("answers", answers);
  expectNone("stream", await stream);
  expectNone("files", readFolder(dataDir));
  expect(`${answers}${readFolder(dataDir)}`).not.toContain("s3cr3t-host");
  await expectMaskedFault(slave);
  await expectMaskedFault(cluster.master);
  expectNone("the slave's log", slave.shown());
  expectNone("the master's log", cluster.master.shown());
  expectNone("files in the end", readFolder(dataDir));
});

test("a master that starts again has no secret in its store, and its slaves tear down with what setup made of one", {
  timeout: 180_000,
}, async () => {
  const target = await startTarget();
  const dataDir = createFolder();
  const cluster = await startCluster({ dataDir });
  await cluster.addSlave("s1", { args: ["--capabilities", "http_executor,script_executor,socket_executor"] });
  const id = await submitLeaky(cluster, target.url);
  await cluster.waitFor(id, ({ active_vus: active }) => active === 2);
  await cluster.restartMaster(0, () => expectNone("files between", readFolder(dataDir)));
  await cluster.waitFor(id, ({ active_vus: active }) => active === 2);
  await cluster.call("DELETE", `/executions/${id}`);
  const report = await cluster.finish(id);
  expect(report.events.map(({ type }) => type)).not.toContain("teardown_not_run");
  expect(target.seen.at(-1)?.body).toBe(`of ${secret}`);
  expectNone("answers", await readAnswers(cluster.url, id));
  expectNone("files in the end", readFolder(dataDir));
});

test("a secret of the command line is in nothing that run writes", {
  timeout: 180_000,
}, async () => {
  const target = await startTarget();
  const folder = createFolder();
  const file = join(folder, "leaky.json");
  writeFileSync(file, JSON.stringify(workflow(target.url)));
  const out = createFolder();
  const secrets = ["--secret", `TOKEN=${secret}`, "--secret", "HOST"];
  const env = { HOST: "s3cr3t-host", ...makeFault() };
  const done = await runCommand(
    ["run", file, ...secrets, "-i", "4", "--log-level", "debug", "--out-json", join(out, "report.json")],
    { env, deadlineMs: 170_000 },
  );
  const written = `${done.stdout}${done.stderr}${readFolder(out)}`;
  expect(written).toContain("***");
  expectNone("run", written);
  expect(written).not.toContain("s3cr3t-host");
  const before = target.seen.length;
  const running = startCommand(["run", file, ...secrets], { env, deadlineMs: 170_000 });
  await expect.poll(() => target.seen.length > before).toBe(true);
  await expectMaskedFault(running);
});

test("a password that stands in the options is in no report and no answer", { timeout: 180_000 }, async () => {
  const target = await startTarget();
  const http = {
    base_url: target.url,
    auth: { basic: { username: "ann", password: "plain-word-1" } },
    headers: { "x-api-key": "plain-word-2", cookie: "sid=plain-word-3", accept: "text/plain" },
    query: { token: "plain-word-4", page: 2 },
    domains: { other: "http://ann:plain-word-5@shop.test" },
  };
  const file = join(createFolder(), "plain.json");
  const steps = [{ id: "get", type: "http", config: { url: "/200" } }];
  writeFileSync(file, JSON.stringify({ id: "leaky", options: { iterations: 1, http }, steps }));
  const cluster = await startCluster();
  await cluster.addSlave("s1");
  const submitted = await runCommand(["submit", file, "--master", cluster.url, "--json"], { deadlineMs: 170_000 });
  const id = (JSON.parse(submitted.stdout) as { readonly execution_id: string }).execution_id;
  const asked = [["get", id], ["report", id], ["list"]].map((what) =>
    runCommand(["executions", ...what, "--master", cluster.url, "--json"], { deadlineMs: 170_000 }),
  );
  const alone = await runCommand(["run", file, "--json"], { deadlineMs: 170_000 });
  const shown = [submitted, alone, ...(await Promise.all(asked))];
  expect(shown.map(({ code }) => code)).toEqual([0, 0, 0, 0, 0]);
  const written = `${shown.map(({ stdout, stderr }) => stdout + stderr).join("\n")}${await readAnswers(cluster.url, id)}`;
  expect(written.match(/plain-word-\d/g)).toBe(null);
  expect(JSON.parse(alone.stdout)).toMatchObject({
    options: {
      http: {
        auth: { basic: { password: "***" } },
        headers: { "x-api-key": "***", cookie: "***", accept: "text/plain" },
        query: { token: "***", page: 2 },
        domains: { other: "http://***@shop.test" },
      },
    },
  });
  // They do their work all the same.
  expect(target.seen.map(({ url, headers }) => [url, headers.authorization, headers["x-api-key"]])).toEqual(
    Array.from({ length: 2 }, () => [
      "/200?token=plain-word-4&page=2",
      `Basic ${Buffer.from("ann:plain-word-1").toString("base64")}`,
      "plain-word-2",
    ]),
  );
});

test("an answer to a submit whose secrets are no texts does not repeat them", async () => {
  const cluster = await startCluster();
  for (const secrets of [{ TOKEN: { value: secret } }, { TOKEN: [secret] }, { TOKEN: 4_711_471_147 }, secret]) {
    const { status, body } = await cluster.call("POST", "/workflows", { workflow: workflow("http://x"), secrets });
    expect(status).toBe(400);
    expect(JSON.stringify(body)).not.toMatch(/4711471147|s3cr3t/);
  }
  for (const broken of [`"${secret}`, secret, `"${secret}" x`]) {
    const answer = await post(cluster.url, `{"workflow": {}, "secrets": {"TOKEN": ${broken}}}`);
    expect(answer).toContain("not valid JSON");
    expectNone("the answer", answer);
    expect(answer).not.toContain("s3cr3t");
  }
  expectNone("the log", cluster.master.shown());
});

/** What is answered to a body that is no JSON. */
function post(url: string, body: string): Promise<string> {
  return new Promise<string>((resolve, reject) => {
    const sent = request(`${url}/api/v1/workflows`, {
      method: "POST",
      headers: { "content-type": "application/json" },
    });
    sent.on("response", (response) => {
      text(response).then(resolve, reject);
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

test("a key that a reload brought is in no log and no fault, as one of the start", { timeout: 180_000 }, async () => {
  const config = join(createFolder(), "config.json");
  const write = (...keys: readonly string[]) =>
    writeFileSync(
      config,
      JSON.stringify({ auth: { api_keys: keys.map((key, at) => ({ name: `k${at}`, role: "admin", key })) } }),
    );
  write("the-first-key-of-all");
  const { url, master } = await startCluster({ args: ["--config", config], env: makeFault() });
  write("the-first-key-of-all", secret);
  master.child.kill("SIGHUP");
  await master.seen(/the configuration was read again/);
  for (const key of ["the-first-key-of-all", encodeURIComponent(secret)]) {
    expect((await fetch(`${url}/api/v1/${key}`)).status).toBe(401);
  }
  await master.seen(/GET \/api\/v1\/\*\*\*[^]*GET \/api\/v1\/\*\*\*/);
  await expectMaskedFault(master);
  expectNone("the log", master.shown());
  expect(master.shown()).not.toContain("the-first-key");
});

import { readFileSync, writeFileSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { LeftOut } from "../../src/import/importer.ts";
import { repository, runCommand, withoutProgress } from "../support/command.ts";
import { type RecordedRequest, startRecordingTarget } from "../support/recording-target.ts";
import { createFolder } from "../support/workflows.ts";

/** Several commands one after the other. */
const patience = 180_000;

const example = (name: string): string => join(repository, "examples", "import", name);

/** Imports, checks that it is valid, and runs it once against a target that keeps what comes. */
async function importAndRun(
  format: string,
  source: string,
  more: readonly string[] = [],
  run: readonly string[] = [],
): Promise<{
  readonly requests: readonly RecordedRequest[];
  readonly leftOut: readonly LeftOut[];
  readonly yaml: string;
}> {
  const target = await startRecordingTarget({ token: "t-1", id: 7 }, { "/status/404": 404 });
  const output = join(createFolder(), "workflow.yaml");
  const imported = await runCommand(["import", format, source, "-o", output, "--json", ...more]);
  expect(imported.stderr).toBe("");
  expect(imported.code).toBe(0);
  const list = JSON.parse(imported.stdout) as { readonly left_out: LeftOut[]; readonly secrets: string[] };
  const valid = await runCommand(["validate", output]);
  expect(valid.code).toBe(0);
  const secrets = list.secrets.flatMap((name) => ["--secret", `${name}=${name.toLowerCase()}-given`]);
  const variables = ["base_url", "BASE_URL", "host"].flatMap((name) => ["-e", `${name}=${target.url}`]);
  const done = await runCommand(["run", output, ...variables, ...secrets, "--json", ...run]);
  expect(withoutProgress(done.stderr)).toBe("");
  const report = JSON.parse(done.stdout) as { readonly errors: readonly unknown[] };
  expect(report.errors).toEqual([]);
  return { requests: target.requests, leftOut: list.left_out, yaml: readFileSync(output, "utf8") };
}

const lines = (requests: readonly RecordedRequest[]): string[] =>
  requests.map(({ method, path }) => `${method} ${path}`);
const whats = (leftOut: readonly LeftOut[]): string[] => leftOut.map(({ what, why }) => `${what}: ${why}`);

describe("what is imported sends what the source says", { timeout: patience }, () => {
  test("har", async () => {
    const { requests, leftOut, yaml } = await importAndRun("har", example("shop.har"));
    expect(lines(requests)).toEqual(["GET /get?q=%E8%8C%B6", "POST /login", "POST /post", "GET /status/404"]);
    expect(requests[0]?.headers).toMatchObject({ accept: "application/json" });
    expect(requests[0]?.headers["cookie"]).toBeUndefined();
    expect(requests[1]?.headers["cookie"]).toBe("given=1");
    expect(JSON.parse(requests[1]?.body ?? "")).toEqual({ username: "ann", password: "password-given" });
    expect(Object.fromEntries(new URLSearchParams(requests[2]?.body))).toEqual({ item: "7", note: "a & b" });
    expect(yaml).not.toContain("very-secret");
    expect(yaml).not.toMatch(/password: secret/);
    expect(yaml).toMatch(/think_time: 500ms/);
    expect(yaml).toMatch(/name: Checkout/);
    expect(whats(leftOut)).toContain("GET http://127.0.0.1:8000/logo.png: a static file; --include takes it");
  });

  test("har with cookies, without pauses, with filters", async () => {
    const more = [
      "--cookies",
      "--no-think-times",
      "--include",
      "/*",
      "--exclude",
      "/post",
      "--exclude",
      "127.0.0.1:8000/logi?",
    ];
    const { requests, yaml } = await importAndRun("har", example("shop.har"), more);
    expect(lines(requests)).toEqual(["GET /get?q=%E8%8C%B6", "GET /logo.png", "GET /status/404"]);
    expect(requests[0]?.headers["cookie"]).toBe("cookie-given");
    expect(yaml).not.toContain("think_time");
  });

  test("curl", async () => {
    const { requests, leftOut, yaml } = await importAndRun("curl", example("requests.sh"));
    expect(lines(requests)).toEqual(["GET /get?item=7", "POST /post", "POST /post", "POST /post"]);
    expect(requests[0]?.headers["accept-encoding"]).toMatch(/gzip/);
    expect(JSON.parse(requests[1]?.body ?? "")).toEqual({ name: "陈晨", note: "it's ${new}" });
    expect(requests[1]?.headers).toMatchObject({
      "content-type": "application/json",
      authorization: "Bearer bearer_token-given",
    });
    expect(Object.fromEntries(new URLSearchParams(requests[2]?.body))).toEqual({ user: "ann", note: "a & b" });
    expect(requests[2]?.headers["authorization"]).toBe(`Basic ${btoa("ann:password-given")}`);
    expect(await readMultipart(requests[3])).toEqual({ title: "A picture", kind: "jpg" });
    expect(yaml).not.toMatch(/abc123|ann:pass/);
    expect(whats(leftOut)).toEqual(["--http2: HTTP/1.1 is spoken", "--proxy: requests go straight to the target"]);
  });

  test("postman", async () => {
    const { requests, leftOut } = await importAndRun("postman", example("shop.postman_collection.json"));
    expect(lines(requests)).toEqual(["POST /login", "GET /bearer", "POST /post?item=7"]);
    expect(requests[0]?.headers["x-request-id"]).toMatch(/^[0-9a-f-]{36}$/);
    expect(requests[0]?.headers["authorization"]).toBeUndefined();
    expect(JSON.parse(requests[0]?.body ?? "")).toEqual({ username: "ann", password: "password-given" });
    expect(requests[1]?.headers["authorization"]).toBe("Bearer t-1");
    expect(Object.fromEntries(new URLSearchParams(requests[2]?.body))).toEqual({ note: "a & b" });
    expect(whats(leftOut)).toEqual(["the prerequest script: the sandbox has no pm.sendRequest"]);
  });

  test("openapi", async () => {
    const { requests, leftOut } = await importAndRun("openapi", example("petstore.yml"), ["--tag", "pets"]);
    expect(lines(requests)).toEqual(["GET /get?limit=10&kind=cat", "POST /post"]);
    expect(requests[0]?.headers).toMatchObject({ "x-trace": "abc", authorization: "Bearer token_token-given" });
    expect(JSON.parse(requests[1]?.body ?? "")).toEqual({
      name: "小白",
      born: "2026-01-31",
      weight: 1,
      tags: ["textxx"],
    });
    expect(whats(leftOut)).toContain("DELETE /anything/{id}: it has none of the tags asked for");
  });

  test("jmx", async () => {
    const folder = createFolder();
    const plan = join(folder, "plan.jmx");
    const target = await startRecordingTarget({ token: "t-1" });
    writeFileSync(
      plan,
      readFileSync(example("plan.jmx"), "utf8").replace("__P(port,8000)", `__P(port,${new URL(target.url).port})`),
    );
    writeFileSync(join(folder, "users.csv"), readFileSync(example("users.csv")));
    const output = join(folder, "plan.yaml");
    const imported = await runCommand(["import", "jmx", plan, "-o", output]);
    expect(imported.code).toBe(0);
    expect(imported.stderr).toContain("left out: the JSR223Sampler Script (Script)");
    expect(readFileSync(join(folder, "users.header.csv"), "utf8")).toMatch(/^username,password\nann,secret\n/);
    const done = await runCommand(["run", output, "-q"]);
    expect(done.code).toBe(0);
    // 3 threads, 2 loops: the users come round.
    expect(lines(target.requests).filter((line) => line === "POST /login")).toHaveLength(6);
    const queries = target.requests
      .filter(({ method }) => method === "GET")
      .map(({ path }) => new URLSearchParams(path.split("?")[1]).get("q"));
    expect(new Set(queries)).toEqual(new Set(["green tea & ann", "green tea & bob", "green tea & 陈晨"]));
    const login = target.requests.find(({ method }) => method === "POST");
    expect(JSON.parse(login?.body ?? "")).toMatchObject({ password: "secret" });
    expect(login?.headers).toMatchObject({ accept: "application/json", "content-type": "application/json" });
  });

  test("k6", async () => {
    const { requests, leftOut } = await importAndRun(
      "k6",
      example("shop.js"),
      [],
      ["--mode", "per-vu-iterations", "-u", "1", "-i", "1"],
    );
    expect(lines(requests).slice(0, 2)).toEqual(["POST /login", "GET /bearer"]);
    expect(lines(requests).slice(2, 4).sort()).toEqual(["GET /get?n=1", "POST /post"]);
    expect(
      lines(requests)
        .slice(4)
        .map((line) => line.replace(/id=.*/, "")),
    ).toEqual(["GET /get?i=0&", "GET /get?i=1&"]);
    expect(JSON.parse(requests[0]?.body ?? "")).toEqual({ username: "user-1", password: "password-given" });
    expect(requests[1]?.headers["authorization"]).toBe("Bearer t-1");
    expect(whats(leftOut)).toEqual(["while: only plain http flows are read"]);
  });
});

test("a k6 script with rows, tags and an environment sends what it says", { timeout: patience }, async () => {
  const folder = createFolder();
  const script = join(folder, "shop.js");
  writeFileSync(join(folder, "users.json"), JSON.stringify({ users: [{ name: "ann" }, { name: "陈晨" }] }));
  writeFileSync(
    script,
    `import http from "k6/http";
     import { SharedArray } from "k6/data";
     import { sleep } from "k6";
     const users = new SharedArray("users", () => JSON.parse(open("./users.json")).users);
     const BASE = __ENV.BASE_URL || "http://127.0.0.1:8000";
     export const options = {
       scenarios: { buy: { executor: "per-vu-iterations", vus: users.length, iterations: 1, exec: "buy", env: { KIND: "member" } } },
       thresholds: { "http_reqs{name:order}": ["count==2"], "http_reqs{scenario:buy}": ["count==2"] },
     };
     export function setup() { return { token: http.get(\`\${BASE}/token\`).json("token") }; }
     export function buy(data) {
       const user = users[__VU % users.length];
       http.post(
         \`\${BASE}/post?region=\${__ENV.REGION}&kind=\${__ENV.KIND}\`,
         JSON.stringify({ name: user.name, token: data.token }),
         { tags: { name: "order" } },
       );
       sleep(Math.floor(Math.random() * 2) / 100);
     }`,
  );
  const { requests, leftOut } = await importAndRun("k6", script, [], ["-e", "REGION=eu"]);
  expect(leftOut).toEqual([]);
  expect(lines(requests)).toEqual([
    "GET /token",
    "POST /post?region=eu&kind=member",
    "POST /post?region=eu&kind=member",
  ]);
  const sent = requests.slice(1).map(({ body }) => JSON.parse(body) as { readonly name: string });
  expect(sent.sort((left, right) => left.name.localeCompare(right.name, "en"))).toEqual([
    { name: "ann", token: "t-1" },
    { name: "陈晨", token: "t-1" },
  ]);
});

describe("the command", () => {
  test("writes to stdout, and its list to stderr", async () => {
    const { code, stdout, stderr } = await runCommand(["import", "curl", "-"], {
      stdin: "curl -x http://p:1 http://a.test/b",
    });
    expect(code).toBe(0);
    expect(stdout).toContain("url: /b\n");
    expect(stderr).toBe("left out: --proxy (line 1): requests go straight to the target\n");
  });

  test("writes over nothing unless it is forced to", async () => {
    const output = join(createFolder(), "mine.yaml");
    writeFileSync(output, "mine");
    const args = ["import", "curl", "-", "-o", output];
    const refused = await runCommand(args, { stdin: "curl http://a.test/" });
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain("is there already; give --force");
    expect(readFileSync(output, "utf8")).toBe("mine");
    expect((await runCommand([...args, "--force"], { stdin: "curl http://a.test/" })).code).toBe(0);
    expect(readFileSync(output, "utf8")).toContain("http://a.test");
  });

  test("reads files in the folder of the source and below, no other, whatever leads to it", async () => {
    const folder = createFolder();
    const source = join(folder, "source");
    mkdirSync(join(source, "below"), { recursive: true });
    for (const name of ["outer.txt", "source/inner.txt", "source/below/..deep.txt"])
      writeFileSync(join(folder, name), `text of ${name}`);
    symlinkSync("../outer.txt", join(source, "link.txt"));
    const names = ["inner.txt", "below/..deep.txt", "../outer.txt", join(folder, "outer.txt"), "link.txt"];
    writeFileSync(join(source, "c.sh"), names.map((name) => `curl http://a.test -d @${name}`).join("\n"));
    const { code, stdout, stderr } = await runCommand(["import", "curl", join(source, "c.sh")]);
    expect(code).toBe(0);
    expect(stdout.match(/text of .*/g)).toEqual(["text of source/inner.txt", "text of source/below/..deep.txt"]);
    expect(stderr.match(/left out: the file/g)).toHaveLength(3);
  });

  test.each([
    ["har", "{}", "it is no HAR: there is no list `log.entries`"],
    ["har", "nonsense", "it is no HAR: it is not JSON"],
    ["openapi", "a: 1", "it is no OpenAPI description"],
    ["postman", '{"info": {}}', "it is no Postman collection"],
    ["curl", "wget http://a.test", "it is no curl"],
    ["curl", "curl 'http://a.test", "a quote ' is never closed"],
    ["jmx", "<a/>", "it is no JMeter plan"],
    ["jmx", "not xml", "it is no JMeter plan"],
    ["k6", "const a = ;", "it is no k6 script"],
    ["k6", "export default function () {}", "it is no k6 script"],
    ["jmx", '<!DOCTYPE a [<!ENTITY b "c">]><jmeterTestPlan>&b;</jmeterTestPlan>', "it has a document type"],
  ])("%s that is none: %s", async (format, text, message) => {
    const { code, stdout, stderr } = await runCommand(["import", format, "-"], { stdin: text });
    expect(stderr).toContain(message);
    expect(stdout).toBe("");
    expect(code).toBe(104);
  });
});

async function readMultipart(request: RecordedRequest | undefined): Promise<Record<string, unknown>> {
  const type = String(request?.headers["content-type"]);
  const form = await new Response(request?.body ?? "", { headers: { "content-type": type } }).formData();
  return Object.fromEntries(form);
}

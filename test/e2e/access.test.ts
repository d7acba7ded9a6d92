import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, onTestFinished, test } from "vitest";
import { hashKey } from "../../src/master/access/key-hash.ts";
import { type RunningCommand, repository, runCommand, startCommand } from "../support/command.ts";
import { startHttpTarget } from "../support/http-steps.ts";
import { certificates } from "../support/certificates.ts";

const folder = mkdtempSync(join(tmpdir(), "access-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;

function write(text: string, name = `file-${++files}`): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

interface Started {
  readonly master: RunningCommand;
  readonly url: string;
  readonly config: string;
}

/** A master with this configuration, on a port of its own. */
async function startMaster(config: object, args: readonly string[] = [], address = "127.0.0.1:0"): Promise<Started> {
  const file = write(JSON.stringify(config), `config-${++files}.json`);
  const flags = ["--address", address, "--store", "memory:", "--heartbeat-timeout", "20s", ...args];
  const master = startCommand(["master", "start", "--config", file, ...flags], { deadlineMs: 120_000 });
  onTestFinished(async () => {
    master.child.kill("SIGKILL");
    await master.finished;
  });
  await master.seen(/master ready at (\S+)/);
  return { master, url: /master ready at (\S+)/.exec(master.shown())?.[1] ?? "", config: file };
}

const key = (name: string, role: string, more: object = {}) => ({ name, role, key: `key-of-${name}`, ...more });
const withKey = (name: string, more: Readonly<Record<string, string>> = {}) => ({
  headers: { "x-api-key": `key-of-${name}`, ...more },
});
const slavesList = (url: string, ...args: readonly string[]) =>
  runCommand(["slaves", "list", "--master", url, ...args]);

test("every command brings a key: by option, file, environment; each wrong one has its answer", {
  timeout: 150_000,
}, async () => {
  const { url } = await startMaster({
    auth: {
      required: true,
      api_keys: [
        key("viewer", "viewer"),
        { name: "ci", role: "operator", key_hash: hashKey("key-of-密钥") },
        key("old", "admin", { expires_at: "2025-01-01T00:00:00Z" }),
        key("fleet", "slave"),
      ],
    },
  });
  const right = [
    slavesList(url, "--api-key", "key-of-viewer"),
    slavesList(url, "--api-key-file", write("key-of-viewer\n")),
    slavesList(url, "--api-key", "key-of-密钥"),
    runCommand(["slaves", "list"], { env: { WE_MASTER_URL: url, WE_API_KEY: "key-of-viewer" } }),
  ];
  for (const { code, stdout, stderr } of await Promise.all(right)) {
    expect([code, stdout, stderr]).toEqual([0, "no slaves\n", ""]);
  }
  const wrong = [
    [[], 1, "error: this master answers only with a key\n"],
    [["--api-key", "key-of-nobody"], 1, "error: this master does not know the key\n"],
    [["--api-key", "key-of-old"], 1, "error: the key `old` expired at 2025-01-01T00:00:00.000Z\n"],
    [["--api-key", "key-of-fleet"], 1, "error: `fleet` has the role slave; this takes the role viewer\n"],
    [["--api-key", ""], 104, "error: --api-key holds no key: it is one line of 1 to 512 characters\n"],
    [["--api-key-file", write("a\nb\n", "two-lines")], 104, `error: ${join(folder, "two-lines")} holds no key`],
    [["--api-key-file", "/nowhere"], 104, "error: cannot read /nowhere"],
    [["--api-key", "a", "--api-key-file", "b"], 104, "error: the key is given in two ways"],
    [["--cert", "a"], 104, "error: a certificate and its key go together"],
  ] as const;
  const answers = await Promise.all(wrong.map(([args]) => slavesList(url, ...args)));
  expect(answers.map(({ code }) => code)).toEqual(wrong.map(([, code]) => code));
  for (const [at, { stderr }] of answers.entries()) expect(stderr).toContain(wrong[at]?.[2]);
  expect(answers.map(({ stderr }) => stderr).join("")).not.toMatch(/key-of-/);
  const workflow = write(JSON.stringify({ steps: [{ type: "sleep", config: { duration: "1ms" } }] }), "sleep.json");
  const submitted = await runCommand(["submit", workflow, "--master", url, "--api-key", "key-of-viewer", "-q"]);
  expect([submitted.code, submitted.stderr]).toEqual([
    1,
    "error: `viewer` has the role viewer; this takes the role operator\n",
  ]);
  const json = await slavesList(url, "--json");
  expect(JSON.parse(json.stdout)).toMatchObject({ error: "unauthorized", hint: expect.any(String) });
});

test("over TLS: slaves with a key or a certificate, a submit with its live view, and who is not trusted", {
  timeout: 200_000,
}, async () => {
  const { authority: ca, server, slave, expired, stranger } = certificates;
  const target = await startHttpTarget((_seen, response) => void response.end("ok"));
  onTestFinished(() => target.close());
  const { url, master } = await startMaster({
    auth: { api_keys: [key("ci", "operator"), key("fleet", "slave")] },
    tls: { ...server, ca, client_auth: "optional" },
  });
  expect(url).toMatch(/^https:/);
  const start = (id: string, ...args: readonly string[]): RunningCommand => {
    const started = startCommand(
      ["slave", "start", "--id", id, "--address", "127.0.0.1:0", "--master", url, "--log-format", "text", ...args],
      { deadlineMs: 120_000 },
    );
    onTestFinished(async () => {
      started.child.kill("SIGKILL");
      await started.finished;
    });
    return started;
  };
  const shown = ({ cert, key: file }: { readonly cert: string; readonly key: string }) => [
    "--cert",
    cert,
    "--key",
    file,
  ];
  const joined = [
    start("by-key", "--ca", ca, "--api-key-file", write("key-of-fleet")),
    start("by-certificate", "--ca", ca, ...shown(slave)),
  ];
  const refused = [
    [start("bare", "--ca", ca), /it answered 401: this master answers only with a key/],
    [start("operator", "--ca", ca, "--api-key", "key-of-ci"), /it answered 403: `ci` has the role operator/],
    [start("late", "--ca", ca, ...shown(expired)), /it answered 401: the certificate of the client has expired/],
    [start("other", "--ca", ca, ...shown(stranger)), /it answered 401: .*is not of this master's authority/],
    [start("doubting", "--api-key", "key-of-fleet"), /certificate/],
  ] as const;
  await Promise.all([
    ...joined.map((command) => command.seen(/joined https:/)),
    ...refused.map(([command, reason]) => command.seen(reason)),
  ]);
  const asCi = ["--master", url, "--api-key", "key-of-ci"];
  const listed = await runCommand(["slaves", "list", ...asCi, "--ca", ca, "--json"]);
  const { slaves } = JSON.parse(listed.stdout) as { readonly slaves: readonly { readonly id: string }[] };
  expect(slaves.map(({ id }) => id).toSorted()).toEqual(["by-certificate", "by-key"]);

  write("name\nann\nbob\n", "users.csv");
  const workflow = {
    options: { vus: 4, iterations: 8 },
    data: { users: { file: "users.csv" } },
    steps: [{ type: "http", config: { url: `${target.url}/\${data.users.name}` } }],
  };
  const file = write(JSON.stringify(workflow), "tls.json");
  const done = await runCommand(["submit", file, ...asCi, "--ca", ca, "--json"], { deadlineMs: 120_000 });
  expect([done.code, done.stderr.includes("key-of-")]).toEqual([0, false]);
  expect(JSON.parse(done.stdout)).toMatchObject({ status: "completed", passed: true });
  expect(new Set(target.seen.map(({ url: path }) => path))).toEqual(new Set(["/ann", "/bob"]));

  const doubt = await runCommand(["slaves", "list", ...asCi]);
  expect(doubt.stderr).toContain("its certificate is not trusted; name its authority with --ca");
  expect((await runCommand(["slaves", "list", ...asCi, "--insecure"])).code).toBe(0);
  expect((await runCommand(["slaves", "list", ...asCi, "--insecure", "--ca", certificates.localhost])).code).toBe(1);
  const plain = await runCommand(["slaves", "list", ...asCi, "--master", url.replace("https:", "http:")]);
  expect(plain.stderr).toContain("if it serves HTTPS, name it with https://");
  const health = await runCommand(["master", "status", "--address", url, "--api-key", "key-of-ci", "--ca", ca]);
  expect([health.code, health.stdout]).toEqual([0, expect.stringContaining("ready")]);
  expect(master.shown()).not.toMatch(/key-of-/);
  expect(master.shown()).toContain('"name":"slave-1","role":"slave","action":"joinAsSlave"');
});

test("keys are changed while the master serves: by SIGHUP, by the file; a wrong file changes nothing", {
  timeout: 150_000,
}, async () => {
  const config = (...keys: readonly object[]) => JSON.stringify({ auth: { api_keys: keys } });
  const {
    master,
    url,
    config: file,
  } = await startMaster({ auth: { api_keys: [key("a", "admin"), key("fleet", "slave")] } });
  const fleetKey = write("key-of-fleet");
  const slave = startCommand(
    [
      "slave",
      "start",
      "--id",
      "s1",
      "--address",
      "127.0.0.1:0",
      "--master",
      url,
      "--api-key-file",
      fleetKey,
      "--log-format",
      "text",
    ],
    { deadlineMs: 120_000 },
  );
  onTestFinished(async () => {
    slave.child.kill("SIGKILL");
    await slave.finished;
  });
  await slave.seen(/joined http:/);
  const me = async (name: string) => (await fetch(`${url}/api/v1/auth/me`, withKey(name))).status;
  const count = (said: RegExp) => master.shown().match(new RegExp(said, "g"))?.length ?? 0;
  const turn = async (text: string, said: RegExp, signal: boolean) => {
    const before = count(said);
    writeFileSync(file, text);
    if (signal) master.child.kill("SIGHUP");
    await expect.poll(() => count(said)).toBeGreaterThan(before);
  };
  await turn(config(key("b", "admin")), /was read again/, true);
  expect([await me("a"), await me("b")]).toEqual([401, 200]);
  await slave.seen(/lost http:[^\n]*/);
  await slave.seen(/it answered 401: this master does not know the key/);
  await turn(config(), /was not taken, the last one stays/, true);
  await turn("{", /was not taken, the last one stays/, true);
  const quiet = JSON.stringify({ logging: { level: "error" } });
  await turn(quiet, /was not taken, the last one stays: auth is switched on and off by a new start/, true);
  const refusals = count(/whoAmI unauthorized/);
  expect(await me("unknown")).toBe(401);
  await expect.poll(() => count(/whoAmI unauthorized/)).toBeGreaterThan(refusals);
  expect(await me("b")).toBe(200);
  await turn(config(key("b", "admin"), key("next", "slave"), key("c", "viewer")), /was read again/, false);
  writeFileSync(fleetKey, "key-of-next\n");
  slave.child.kill("SIGHUP");
  expect([await me("b"), await me("c")]).toEqual([200, 200]);
  await expect.poll(() => slave.shown().match(/joined http:/g)?.length).toBe(2);
});

test("where certificates are required, commands show theirs", { timeout: 150_000 }, async () => {
  const { authority: ca, server, slave, expired } = certificates;
  const { url } = await startMaster({ tls: { ...server, ca, client_auth: "required" } }, ["--standalone"]);
  const list = (...args: readonly string[]) => slavesList(url, "--ca", ca, "--json", ...args);
  const [shown, bare, late] = await Promise.all([
    list("--cert", slave.cert, "--key", slave.key),
    list(),
    list("--cert", expired.cert, "--key", expired.key),
  ]);
  expect(JSON.parse(shown.stdout)).toMatchObject({ total: 1, slaves: [{ id: "local" }] });
  expect(JSON.parse(bare.stdout)).toMatchObject({
    error: "unauthorized",
    message: "this master answers only clients that show a certificate",
  });
  expect(JSON.parse(late.stdout)).toMatchObject({ message: "the certificate of the client has expired" });
  expect([shown.code, bare.code, late.code]).toEqual([0, 1, 1]);
});

test("a master or a slave that cannot be what its configuration says does not start", {
  timeout: 150_000,
}, async () => {
  const { server, slave } = certificates;
  const asMaster = ["master", "start", "--address", "127.0.0.1:0", "--store", "memory:"];
  const asSlave = ["slave", "start", "--address", "127.0.0.1:0", "--master", "127.0.0.1:9"];
  const misfit = (name: string) =>
    new RegExp(
      `${name}\\.key: .*/slave\\.key\\.pem is not the key of .* in .*/server\\.cert\\.pem \\(${name}\\.cert\\)`,
    );
  const mixed = { cert: server.cert, key: slave.key };
  const wrong = [
    [asMaster, { auth: { required: true } }, /auth\.required: there are no keys; add `auth\.api_keys`/],
    [
      asMaster,
      { auth: { api_keys: [{ name: "a", role: "viewer", key_hash: "md5:0" }] } },
      /`a` has no key_hash that `keys create`/,
    ],
    [
      asMaster,
      { auth: { api_keys: [key("a", "viewer"), { ...key("a", "viewer"), name: "b" }] } },
      /`b` is the same as another/,
    ],
    [asMaster, { tls: mixed }, misfit("tls")],
    [asSlave, { slave: { tls: mixed } }, misfit("slave\\.tls")],
    [asMaster, { tls: { cert: "/nowhere", key: server.key } }, /cannot read \/nowhere/],
    [asMaster, { access: { allow: ["10.0.0.0/33"] } }, /10\.0\.0\.0\/33/],
  ] as const;
  const ends = await Promise.all(
    wrong.map(([command, config]) =>
      runCommand([...command, "--config", write(JSON.stringify(config))], { deadlineMs: 120_000 }),
    ),
  );
  expect(ends.map(({ code }) => code)).toEqual(wrong.map(() => 104));
  for (const [at, { stderr }] of ends.entries()) expect(stderr).toMatch(wrong[at]?.[2] ?? /never/);
});

test("without keys on an open address: it warns, and answers private peers alone, whatever hop is made up", {
  timeout: 150_000,
}, async () => {
  const { master, url } = await startMaster({}, ["--standalone"], "0.0.0.0:0");
  expect(master.shown()).toMatch(/warning: listening on 0\.0\.0\.0 without authentication/);
  const local = url.replace("localhost", "127.0.0.1");
  const ask = async (headers: Readonly<Record<string, string>>, path = "/api/v1/slaves") => {
    const response = await fetch(local + path, { headers });
    return [response.status, ((await response.json()) as { readonly error?: string }).error];
  };
  expect(await ask({})).toEqual([200, undefined]);
  expect(await ask({ "x-forwarded-for": "10.0.0.1, 192.168.1.1" })).toEqual([200, undefined]);
  expect(await ask({ "x-forwarded-for": "8.8.8.8, 127.0.0.1" })).toEqual([403, "auth_required"]);
  expect(await ask({ "x-forwarded-for": "127.0.0.1, 8.8.8.8" })).toEqual([403, "auth_required"]);
  expect(await ask({ "x-forwarded-for": "8.8.8.8" }, "/health")).toEqual([200, undefined]);
  expect(await ask({ origin: "https://evil.example" })).toEqual([403, "forbidden"]);
  expect(await ask({}, "/api/v1/slaves?api_key=x")).toEqual([400, "invalid_request"]);
  const status = await runCommand(["master", "status", "--address", local]);
  expect(status.stdout).toContain("warning: listening on 0.0.0.0 without authentication");
});

test("address lists of the configuration hold for the API", { timeout: 150_000 }, async () => {
  const lists = { allow: ["127.0.0.0/8", "10.0.0.0/8"], deny: ["10.6.6.6"] };
  const { url, master, config } = await startMaster({ access: lists });
  const ask = async (hops: string | null) =>
    (await fetch(`${url}/api/v1/slaves`, { headers: hops === null ? {} : { "x-forwarded-for": hops } })).status;
  expect(await Promise.all([null, "10.1.1.1", "10.6.6.6", "192.0.2.1", "10.1.1.1, 192.0.2.1"].map(ask))).toEqual([
    200, 200, 403, 403, 403,
  ]);
  writeFileSync(config, JSON.stringify({ access: { ...lists, deny: ["10.1.1.1"] } }));
  master.child.kill("SIGHUP");
  await expect.poll(() => ask("10.1.1.1")).toBe(403);
  expect(await ask("10.6.6.6")).toBe(200);
});

test("load goes where the slave's lists let it: a name that turns private is not dialled", {
  timeout: 150_000,
}, async () => {
  const target = await startHttpTarget((_seen, response) => void response.end("ok"));
  onTestFinished(() => target.close());
  const { url } = await startMaster({ slave: { targets: { deny: ["127.0.0.0/8", "::1", "*.prod.example", "/*"] } } }, [
    "--standalone",
  ]);
  const names = { "rebound.example": "127.0.0.1", "mapped.example": "::ffff:7f00:1" };
  const urls = ["rebound.example", "mapped.example", "localhost", "0.0.0.0", "2130706433", "shop.prod.example"];
  const workflow = {
    options: { iterations: 1, on_error: "continue", http: { hosts: names } },
    steps: [
      ...urls.map((host, at) => ({ id: `s${at}`, type: "http", config: { url: `http://${host}:${target.port}/` } })),
      { id: "s6", type: "socket", config: { action: "send", protocol: "unix", path: "/tmp/../tmp/x.sock", data: "x" } },
      { id: "s7", type: "socket", config: { action: "send", host: "localhost", port: target.port, data: "x" } },
      { id: "s8", type: "socket", config: { action: "send", host: "a.prod.example", port: 80, data: "x" } },
    ],
  };
  const file = write(JSON.stringify(workflow), "targets.json");
  const done = await runCommand(["submit", file, "--master", url, "--json"], { cwd: repository, deadlineMs: 120_000 });
  const { errors } = JSON.parse(done.stdout) as { readonly errors: readonly { step_id: string; code: string }[] };
  expect(errors.map(({ step_id: step, code }) => `${step} ${code}`).toSorted()).toEqual([
    "s0 1110",
    "s1 1110",
    "s2 1110",
    "s3 1110",
    "s4 1110",
    "s5 1111",
    "s6 1111",
    "s7 1110",
    "s8 1111",
  ]);
  expect(target.seen).toEqual([]);
});

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { chmodSync, chownSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { waitUntil } from "../support/cluster.ts";
import { repository } from "../support/command.ts";

const nodes = ["master", "slave"] as const;

function readUnit(node: (typeof nodes)[number]): string {
  return readFileSync(join(repository, `deploy/systemd/workflow-engine-${node}.service`), "utf8");
}

function find(unit: string, key: string): string {
  return new RegExp(`^${key}=(.*)$`, "m").exec(unit)?.[1] ?? "";
}

const isRoot = process.getuid?.() === 0;
/** Nobody: as little a user as the unit's. */
const nobody = 65_534;
const key = "a-key-of-this-test-alone";

/** What systemd does with `Restart=always`: ExecStart as the unit's user, again whenever it ends. */
interface Service {
  /** Exit codes and signals so far. */
  readonly ends: readonly (number | string)[];
  shown(): string;
  kill(signal: NodeJS.Signals): void;
}

function startService(unit: string, config: string, folder: string, env: Readonly<Record<string, string>>): Service {
  const [, ...args] = find(unit, "ExecStart").split(" ");
  const own = args.map((arg) => (arg.startsWith("/etc/workflow-engine/") ? config : arg));
  const user = isRoot ? { uid: nobody, gid: nobody } : {};
  const ends: (number | string)[] = [];
  let output = "";
  let child: ChildProcess | null = null;
  let isOver = false;
  let again: NodeJS.Timeout | null = null;
  const start = (): void => {
    child = spawn(process.execPath, [join(repository, "dist/cli/main.js"), ...own], {
      cwd: "/",
      env: { PATH: process.env["PATH"], STATE_DIRECTORY: folder, ...env },
      stdio: ["ignore", "pipe", "pipe"],
      ...user,
    });
    child.stdout?.on("data", (text: Buffer) => (output += String(text)));
    child.stderr?.on("data", (text: Buffer) => (output += String(text)));
    child.once("exit", (code, signal) => {
      ends.push(code ?? signal ?? "");
      if (!isOver) again = setTimeout(start, 200);
    });
  };
  start();
  onTestFinished(async () => {
    isOver = true;
    if (again !== null) clearTimeout(again);
    if (child?.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGKILL");
    await once(child, "exit");
  });
  return { ends, shown: () => output, kill: (signal) => void child?.kill(signal) };
}

/** On an address that nobody else asks for ports of: it stays free until the master takes it, and while that is away. */
const host = `127.77.${process.pid % 250}.1`;

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, host);
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address !== null ? address.port : 0;
}

test("the units are the guide's, and each sets what it must", () => {
  for (const node of nodes) {
    const unit = readUnit(node);
    expect(unit).toContain(`
[Service]
Type=simple
User=workflow
ExecStart=/usr/local/bin/workflow-engine ${node} start --config /etc/workflow-engine/${node}.yaml
`);
    expect([find(unit, "After"), find(unit, "Restart"), find(unit, "RestartSec")]).toEqual([
      "network.target",
      "always",
      "5",
    ]);
    expect([find(unit, "WantedBy"), find(unit, "NoNewPrivileges")]).toEqual(["multi-user.target", "true"]);
  }
  expect(find(readUnit("master"), "Environment")).toBe("WE_AUTH_REQUIRED=true");
});

const hasAnalyze = spawnSync("systemd-analyze", ["--version"]).status === 0;

test.skipIf(!hasAnalyze)("systemd-analyze finds nothing wrong with the units", () => {
  const folder = mkdtempSync(join(tmpdir(), "we-units-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const files = nodes.map((node) => {
    const file = join(folder, `workflow-engine-${node}.service`);
    const unit = readUnit(node).replace("/usr/local/bin/workflow-engine", join(repository, "workflow-engine"));
    writeFileSync(file, unit);
    return file;
  });
  const { status, stdout, stderr } = spawnSync("systemd-analyze", ["verify", ...files], { encoding: "utf8" });
  expect([status, stdout, stderr]).toEqual([0, "", ""]);
});

test("under Restart=always, as an unprivileged user: killed, ended and reloaded, both come back with what they had", {
  timeout: 180_000,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), "we-systemd-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  if (isRoot) chownSync(folder, nobody, nobody);
  chmodSync(folder, 0o755);
  const port = await findFreePort();
  const url = `http://${host}:${port}`;
  const write = (name: string, text: string): string => {
    const file = join(folder, name);
    writeFileSync(file, text);
    return file;
  };
  const keys = `auth: {api_keys: [{name: test, key: ${key}, role: admin}, {name: slave, key: ${key}-s, role: slave}]}`;
  const masterConfig = write(
    "master.yaml",
    `server: {address: "${host}:${port}"}\nmaster: {heartbeat_timeout: 6s}\n${keys}\n`,
  );
  const slaveConfig = write(
    "slave.yaml",
    `slave: {id: kept, master_addr: "${url}", api_key: ${key}-s, address: 127.0.0.1:0}\n`,
  );
  const master = startService(readUnit("master"), masterConfig, folder, { WE_AUTH_REQUIRED: "true" });
  const slave = startService(readUnit("slave"), slaveConfig, folder, {});
  const call = async (method: string, path: string, body?: string): Promise<Record<string, unknown> | null> => {
    try {
      const response = await fetch(`${url}/api/v1${path}`, {
        method,
        headers: { "x-api-key": key, "content-type": "application/json" },
        ...(body === undefined ? {} : { body }),
        signal: AbortSignal.timeout(30_000),
      });
      return (await response.json()) as Record<string, unknown>;
    } catch (error) {
      if (error instanceof TypeError || error instanceof DOMException) return null;
      throw error;
    }
  };
  const isUp = async (): Promise<boolean> => {
    const answer = await call("GET", "/slaves/kept");
    return (answer?.["status"] as { readonly state?: string } | undefined)?.state === "online";
  };
  const waitUp = () => waitUntil(isUp, 60_000, () => `${master.shown()}\n${slave.shown()}`);
  const waitEnds = (service: Service, count: number) =>
    waitUntil(
      async () => service.ends.length === count,
      60_000,
      () => `${service.ends.join()}\n${service.shown()}`,
    );

  await waitUp();
  const workflow = { steps: [{ type: "sleep", config: { duration: "1ms" } }] };
  const id = String((await call("POST", "/workflows", JSON.stringify({ workflow })))?.["execution_id"]);
  const isKept = async () => (await call("GET", `/executions/${id}`))?.["status"] === "completed";
  await waitUntil(isKept, 60_000, () => master.shown());

  // As `systemctl reload` does.
  master.kill("SIGHUP");
  slave.kill("SIGHUP");
  await waitUntil(
    async () => [master, slave].every((service) => service.shown().includes("the configuration was read again")),
    60_000,
    () => `${master.shown()}\n${slave.shown()}`,
  );
  expect([master.ends, slave.ends]).toEqual([[], []]);

  for (const [signal, end] of [
    ["SIGKILL", "SIGKILL"],
    ["SIGTERM", 0],
  ] as const) {
    const count = master.ends.length + 1;
    master.kill(signal);
    await waitEnds(master, count);
    await waitUntil(isKept, 60_000, () => master.shown());
    await waitUp();
    slave.kill(signal);
    await waitEnds(slave, count);
    await waitUp();
    expect([master.ends.at(-1), slave.ends.at(-1)]).toEqual([end, end]);
  }
});

test("the master's unit without keys does not start, and says what to do", { timeout: 180_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), "we-systemd-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  chmodSync(folder, 0o755);
  const config = join(folder, "master.yaml");
  writeFileSync(config, 'server: {address: "127.0.0.1:0"}\n');
  const master = startService(readUnit("master"), config, folder, { WE_AUTH_REQUIRED: "true" });
  await waitUntil(async () => master.ends.length > 0, 50_000, master.shown);
  expect(master.ends[0]).toBe(104);
  expect(master.shown()).toContain("WE_AUTH_REQUIRED: there are no keys; add `auth.api_keys`");
});

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { findSteadyPort } from "../steady-port.ts";

/** A server that tests speak with. */
export interface Service {
  readonly name: string;
  /** Where it answers on a machine that has it. */
  readonly port: number;
  /** The program that is it. */
  readonly program: string;
  /** Where Debian puts it outside of the path. */
  readonly folders: readonly string[];
  /** The packages of Debian that have it. */
  readonly packages: readonly string[];
  /** Whose process it is when root starts it; null: root's. */
  readonly user: string | null;
  /** Fills an empty folder of its own. */
  readonly prepare?: (folder: string, use: (program: string, args: readonly string[]) => void) => void;
  args(folder: string, port: number): readonly string[];
  /** Variables that its arguments cannot replace. */
  env?(folder: string, port: number): Readonly<Record<string, string>>;
  /** A program that succeeds once it serves; absent: it does as soon as it takes connections. */
  readonly probe?: (port: number) => readonly [program: string, ...args: string[]];
  /** More of them, for one that speaks TLS with this certificate and key. Absent: its arguments cannot say it. */
  tlsArgs?(certificate: string, key: string, port: number): readonly string[];
}

/** A server of a test's own, which it may kill. */
export interface PrivateServer {
  readonly port: number;
  /** Ends it at once, as a crash does; what it has written stays. */
  kill(): Promise<void>;
  /** Starts it again on the same port. */
  start(): Promise<void>;
  /** Ends it and removes its folder. */
  close(): Promise<void>;
}

export interface PrivateOptions {
  /** More arguments. */
  readonly more?: readonly string[];
  /** Default: a free one. */
  readonly port?: number;
  /** Speaks TLS as `localhost`, with the certificate of the tests. */
  readonly secure?: boolean;
}

/** How long a server may take to serve before it counts as hung, ms: some compute for seconds before they do. */
const startLimitMs = 180_000;

/** Starts one of a test's own. Its files lie in a folder of its own. */
export async function startPrivate(service: Service, options: PrivateOptions = {}): Promise<PrivateServer> {
  const port = options.port ?? (await findSteadyPort());
  const owner = process.getuid?.() === 0 && service.user !== null ? readOwner(service.user) : {};
  const folder = mkdtempSync(join(tmpdir(), `we-${service.name}-`));
  if (owner.uid !== undefined) chownSync(folder, owner.uid, owner.gid ?? 0);
  let child: ChildProcess | null = null;

  const find = (program: string): string => findProgram(service, program) ?? program;
  service.prepare?.(folder, (program, args) => {
    const done = spawnSync(find(program), args, { ...owner, cwd: folder, encoding: "utf8", timeout: startLimitMs });
    if (done.status !== 0)
      throw new Error(`${program} failed: ${done.stdout}${done.stderr}${done.error?.message ?? ""}`);
  });

  const secureArgs = options.secure === true ? (service.tlsArgs?.(copyPem("cert"), copyPem("key"), port) ?? []) : [];

  /** Servers refuse a key that others may read. */
  function copyPem(kind: "cert" | "key"): string {
    const copy = join(folder, `${kind}.pem`);
    copyFileSync(new URL(`../tls/server.${kind}.pem`, import.meta.url), copy);
    if (owner.uid !== undefined) chownSync(copy, owner.uid, owner.gid ?? 0);
    chmodSync(copy, 0o600);
    return copy;
  }

  async function start(): Promise<void> {
    const args = [...service.args(folder, port), ...secureArgs, ...(options.more ?? [])];
    const env = { ...process.env, ...service.env?.(folder, port) };
    const started = spawn(find(service.program), args, { ...owner, cwd: folder, env, stdio: "ignore" });
    running.add(started);
    child = started;
    await waitUntilReady(started);
  }

  async function waitUntilReady(started: ChildProcess): Promise<void> {
    await waitForPort(port, started);
    const until = Date.now() + startLimitMs;
    for (;;) {
      const [program, ...args] = service.probe?.(port) ?? [];
      if (program === undefined || spawnSync(find(program), args).status === 0) return;
      if (Date.now() > until) throw new Error(`${service.name} does not serve on ${port}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async function kill(): Promise<void> {
    const dying = child;
    child = null;
    if (dying === null || dying.exitCode !== null || dying.signalCode !== null) return;
    const over = once(dying, "exit");
    dying.kill("SIGKILL");
    await over;
    running.delete(dying);
  }

  await start();
  return {
    port,
    kill,
    start,
    async close() {
      await kill();
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** Is the program on this machine? */
export function findProgram(service: Pick<Service, "program" | "folders">, program = service.program): string | null {
  const folders = [...service.folders, ...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin"];
  return folders.map((folder) => join(folder, program)).find((path) => existsSync(path)) ?? null;
}

/** Does anybody take connections there? */
export function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

const running = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

async function waitForPort(port: number, child: ChildProcess): Promise<void> {
  const until = Date.now() + startLimitMs;
  while (Date.now() < until) {
    if (child.exitCode !== null) throw new Error(`${child.spawnfile} ended with ${child.exitCode}`);
    if (await answers(port)) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${child.spawnfile} does not listen on ${port}`);
}

function readOwner(user: string): { uid?: number; gid?: number } {
  const line = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .find((entry) => entry.startsWith(`${user}:`));
  const [, , uid, gid] = line?.split(":") ?? [];
  return uid === undefined ? {} : { uid: Number(uid), gid: Number(gid) };
}

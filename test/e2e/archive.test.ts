import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { repository } from "../support/command.ts";

const isRoot = process.getuid?.() === 0;
const nobody = 65_534;
const folder = mkdtempSync(join(tmpdir(), "we-archive-"));
/** A path that a shell would take apart. */
const place = join(folder, "a folder with 空格");
const launcher = join(folder, "bin", "workflow-engine");
let root = "";

/** Nobody's process with no network but an own loopback, nothing of ours in its environment, and no home. */
function startIsolated(script: string): ChildProcess {
  const user = isRoot ? ["setpriv", `--reuid=${nobody}`, `--regid=${nobody}`, "--clear-groups"] : [];
  const namespaces = isRoot ? ["-n"] : ["-n", "-U", "-r"];
  const up = 'ip link set lo up && exec "$@"';
  return spawn("unshare", [...namespaces, "sh", "-c", up, "sh", ...user, "sh", "-c", script, "sh", launcher], {
    cwd: "/",
    env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", HOME: "/nonexistent", NO_COLOR: "1" },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
}

async function finish(child: ChildProcess): Promise<{ code: number | null; stdout: string; stderr: string }> {
  onTestFinished(() => {
    if (child.exitCode === null && child.signalCode === null && child.pid) process.kill(-child.pid, "SIGKILL");
  });
  let [stdout, stderr] = ["", ""];
  child.stdout?.on("data", (text: Buffer) => (stdout += text.toString()));
  child.stderr?.on("data", (text: Buffer) => (stderr += text.toString()));
  const [code] = (await once(child, "close")) as [number | null];
  return { code, stdout, stderr };
}

beforeAll(() => {
  const made = spawnSync("sh", [join(repository, "scripts/package.sh"), join(folder, "made")], { encoding: "utf8" });
  expect([made.status, made.stderr]).toEqual([0, ""]);
  const archive = made.stdout.trim();
  expect(readdirSync(join(folder, "made"))).toHaveLength(2);
  expect(spawnSync("sha256sum", ["-c", `${archive}.sha256`], { cwd: join(folder, "made") }).status).toBe(0);
  mkdirSync(place);
  expect(spawnSync("tar", ["-xzf", archive, "-C", place]).status).toBe(0);
  root = join(place, readdirSync(place)[0] ?? "");
  spawnSync("chmod", ["-R", "a-w", place]);
  chmodSync(folder, 0o755);
  mkdirSync(join(folder, "bin"));
  symlinkSync(join(root, "workflow-engine"), launcher);
}, 300_000);

afterAll(() => {
  spawnSync("chmod", ["-R", "u+w", place]);
  rmSync(folder, { recursive: true, force: true });
});

test("it holds the runtime, what runs, what a reader needs, and every licence", () => {
  const version = (JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string }).version;
  expect(root).toBe(join(place, `workflow-engine-${version}-linux-${process.arch}`));
  for (const path of ["docs/operations.md", "configs/config.yaml", "deploy/systemd", "examples/quickstart.yaml"]) {
    expect([path, existsSync(join(root, path))]).toEqual([path, true]);
  }
  expect(readFileSync(join(root, "runtime/LICENSE"), "utf8")).toContain("Node.js is licensed for use as follows");
  const licenses = readFileSync(join(root, "THIRD-PARTY-LICENSES.txt"), "utf8");
  const { dependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    readonly dependencies: Readonly<Record<string, string>>;
  };
  for (const [name, is] of Object.entries(dependencies)) expect(licenses).toContain(`\n${name} ${is} (`);
  expect(existsSync(join(root, "node_modules/vitest"))).toBe(false);
  expect(existsSync(join(root, "dist/cli/name-later.test.js"))).toBe(false);
});

test("through a link, read-only, as another user, without a route: validates and runs the quick start", {
  timeout: 150_000,
}, async () => {
  const examples = join(root, "examples");
  const { code, stdout, stderr } = await finish(
    startIsolated(`
      "$1" version &&
      "$1" validate '${examples}/quickstart.yaml' -e DEMO_URL=http://127.0.0.1:1 &&
      "$1" run '${examples}/quickstart.yaml' --demo-target -i 20 -q`),
  );
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout).toContain(`(Node.js v24.`);
  expect(stdout).toMatch(/checks_succeeded|http_reqs/);
});

test("a master with a slave on loopback, without a route", { timeout: 200_000 }, async () => {
  const child = startIsolated(`
    state=$(mktemp -d)
    "$1" master start --address 127.0.0.1:8080 --data-dir "$state" &
    master=$!
    "$1" slave start --id alone --address 127.0.0.1:0 &
    slave=$!
    trap 'kill $master $slave; wait $master $slave; rm -rf "$state"' EXIT
    for _ in $(seq 600); do
      "$1" slaves get alone 2>/dev/null | grep -q online && break
      sleep 0.2
    done
    printf 'id: 本机\\nsteps: [{type: http, config: {url: "http://127.0.0.1:8080/health"}}]\\n' >"$state/own.yaml"
    "$1" submit "$state/own.yaml" -i 20 -u 2 -q`);
  const { code, stdout, stderr } = await finish(child);
  expect([code, stderr, stdout]).toEqual([0, expect.any(String), expect.stringMatching(/http_reqs\W+20\b/)]);
});

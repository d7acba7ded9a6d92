import { spawn } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { repository } from "../support/command.ts";
import { createFolder } from "../support/workflows.ts";

/** A small project with this repository's launcher: one source file, the compiler linked in, nothing built. */
function createProject(): string {
  const root = createFolder();
  for (const name of ["workflow-engine", "scripts", "package.json", "package-lock.json"]) {
    cpSync(join(repository, name), join(root, name), { recursive: true });
  }
  for (const name of ["tsconfig.json", "tsconfig.base.json"]) cpSync(join(repository, name), join(root, name));
  mkdirSync(join(root, "node_modules"));
  for (const name of [".bin", "typescript", "@typescript", "@types", "undici-types"]) {
    symlinkSync(join(repository, "node_modules", name), join(root, "node_modules", name));
  }
  cpSync(join(root, "package-lock.json"), join(root, "node_modules", ".installed-lock"));
  writeSource(root, 'console.log("first", ...process.argv.slice(2));');
  return root;
}

function writeSource(root: string, text: string): void {
  mkdirSync(join(root, "src", "cli"), { recursive: true });
  writeFileSync(join(root, "src", "cli", "main.ts"), `${text}\n`);
}

function launch(launcher: string, args: readonly string[] = [], cwd = "/") {
  const child = spawn(launcher, args, { cwd, stdio: ["ignore", "pipe", "pipe"] });
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (text: Buffer) => (stdout += text.toString()));
  child.stderr.on("data", (text: Buffer) => (stderr += text.toString()));
  const finished = new Promise<{ code: number | null; signal: string | null; stdout: string; stderr: string }>(
    (resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code, signal) => resolve({ code, signal, stdout, stderr }));
    },
  );
  return { child, finished, output: () => stdout };
}

/** Each builds, some more than once. */
const timeout = 180_000;

test("builds at the first start, then only when something has changed", { timeout }, async () => {
  const root = createProject();
  const launcher = join(root, "workflow-engine");
  const building = "workflow-engine: building …\n";

  expect(await launch(launcher, ["a b", "*"]).finished).toMatchObject({ stdout: "first a b *\n", stderr: building });
  const built = statSync(join(root, "dist", "cli", "main.js")).mtimeMs;
  expect(await launch(launcher).finished).toMatchObject({ stdout: "first\n", stderr: "" });
  expect(statSync(join(root, "dist", "cli", "main.js")).mtimeMs).toBe(built);

  writeSource(root, 'console.log("second");');
  expect(await launch(launcher).finished).toMatchObject({ stdout: "second\n", stderr: building });

  rmSync(join(root, "dist", ".built-from"));
  writeFileSync(join(root, "dist", "cli", "main.js"), 'console.log("cut o');
  expect(await launch(launcher).finished).toMatchObject({ stdout: "second\n", stderr: building });
});

test("two at once: one sets up, the other waits", { timeout }, async () => {
  const launcher = join(createProject(), "workflow-engine");
  const both = await Promise.all([launch(launcher).finished, launch(launcher).finished]);
  expect(both.map(({ code, stdout }) => [code, stdout])).toEqual([
    [0, "first\n"],
    [0, "first\n"],
  ]);
});

test("a build that fails is told and leaves no stamp", { timeout }, async () => {
  const root = createProject();
  writeSource(root, "const count: number = 'many';\nconsole.log(count);");
  const { code, stderr, stdout } = await launch(join(root, "workflow-engine")).finished;
  expect(stderr).toMatch(/src\/cli\/main\.ts\(1,7\): error TS2322[^]*workflow-engine: the build failed/);
  expect([code, stdout]).toEqual([1, ""]);
  expect(() => readFileSync(join(root, "dist", ".built-from"))).toThrow("ENOENT");
});

test("starts through links and becomes the program: signals reach it", { timeout }, async () => {
  const root = createProject();
  writeSource(root, 'process.on("SIGTERM", () => process.exit(42));\nconsole.log("up");\nsetInterval(() => {}, 1000);');
  symlinkSync(join(root, "workflow-engine"), join(root, "absolute"));
  mkdirSync(join(root, "bin"));
  symlinkSync("../absolute", join(root, "bin", "relative"));
  const running = launch(join(root, "bin", "relative"));
  await expect.poll(running.output, { timeout: 120_000 }).toBe("up\n");
  running.child.kill("SIGTERM");
  expect((await running.finished).code).toBe(42);
});

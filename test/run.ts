// Runs every check and test of the project and counts them; started by test/run.sh, which has chosen the node.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";

const bin = (name: string): string => join("node_modules", ".bin", name);

type Check = readonly [name: string, command: string, ...args: string[]];

/** Before all others: they look at what it makes. */
const build: Check = ["build", bin("tsc"), "-b"];
const checks: readonly Check[] = [
  ["types of the tests", bin("tsc"), "-p", "tsconfig.test.json"],
  ["lint", bin("oxlint"), "--type-aware", "--deny-warnings", "src", "test", "bench"],
  ["format", bin("biome"), "format", "."],
  ["nothing unused", bin("knip"), "--no-progress"],
  ["package", bin("publint"), "run", "--strict"],
];

interface Counts {
  readonly passed: number;
  readonly failed: number;
}

/** Each check counts as one test; they run side by side. */
async function runChecks(): Promise<Counts> {
  const results = [await runCheck(build), ...(await Promise.all(checks.map(runCheck)))];
  const passed = results.filter((ok) => ok).length;
  return { passed, failed: results.length - passed };
}

async function runCheck([name, command, ...args]: Check): Promise<boolean> {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
  const ended = once(child, "close").catch((error: unknown): [string] => [String(error)]);
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  const ok = code === 0;
  console.log(`${ok ? "✓" : "✗"} ${name}`);
  if (!ok) console.log(`${stdout}${stderr}${typeof code === "string" ? code : ""}`);
  return ok;
}

/** A vitest that fails without a failed test (a broken file, an unhandled error) counts as one failure. */
function runVitest(args: readonly string[], long: boolean): Counts {
  const folder = mkdtempSync(join(tmpdir(), "workflow-engine-tests-"));
  const file = join(folder, "results.json");
  try {
    const done = spawnSync(
      bin("vitest"),
      ["run", "--reporter=default", "--reporter=json", `--outputFile.json=${file}`, ...args],
      { stdio: ["ignore", "inherit", "inherit"], env: { ...process.env, LONG_TESTS: long ? "1" : "" } },
    );
    const { passed, failed } = readCounts(file);
    return { passed, failed: done.status !== 0 && failed === 0 ? 1 : failed };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function readCounts(file: string): Counts {
  try {
    const results = JSON.parse(readFileSync(file, "utf8")) as {
      readonly numPassedTests: number;
      readonly numFailedTests: number;
    };
    return { passed: results.numPassedTests, failed: results.numFailedTests };
  } catch (error) {
    console.error(`vitest left no results: ${String(error)}`);
    return { passed: 0, failed: 0 };
  }
}

const args = process.argv.slice(2);
const checked = await runChecks();
const tested = runVitest(
  args.filter((arg) => arg !== "--long"),
  args.includes("--long"),
);
const failed = checked.failed + tested.failed;
console.log(`${checked.passed + tested.passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

// Runs every check and test of the project and counts them; started by test/run.sh, which has chosen the node.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const bin = (name: string): string => join("node_modules", ".bin", name);

const checks: readonly (readonly [name: string, command: string, ...args: string[]])[] = [
  ["build", bin("tsc"), "-b"],
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

/** Each check counts as one test. */
function runChecks(): Counts {
  let passed = 0;
  for (const [name, command, ...args] of checks) {
    const done = spawnSync(command, args, { encoding: "utf8" });
    const ok = done.status === 0;
    console.log(`${ok ? "✓" : "✗"} ${name}`);
    if (ok) passed++;
    else console.log(`${done.stdout ?? ""}${done.stderr ?? ""}${done.error?.message ?? ""}`);
  }
  return { passed, failed: checks.length - passed };
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
const checked = runChecks();
const tested = runVitest(
  args.filter((arg) => arg !== "--long"),
  args.includes("--long"),
);
const failed = checked.failed + tested.failed;
console.log(`${checked.passed + tested.passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

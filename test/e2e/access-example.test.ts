import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { join } from "node:path";
import { expect, test } from "vitest";
import { repository } from "../support/command.ts";
import { findSteadyPort } from "../support/steady-port.ts";

test("examples/access/with-keys.sh: who has no key is refused, who has one runs a test, and both are written down", async () => {
  const child = spawn("sh", [join(repository, "examples", "access", "with-keys.sh")], {
    env: { ...process.env, NO_COLOR: "1", FORCE_COLOR: undefined, PORT: String(await findSteadyPort()) },
    timeout: 290_000,
  });
  const [stdout, stderr, code] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise<number | null>((resolve) => child.once("close", resolve)),
  ]);
  expect([code, stderr.includes("we_")]).toEqual([0, false]);
  expect(stdout).toContain("✓ passed");
  expect(stderr).toContain("error: this master answers only with a key");
  const deeds = [...stderr.matchAll(/"message":"audit: ([^"]*)"/g)].map(([, deed]) => deed);
  expect(deeds).toEqual(["fleet joinAsSlave done", "unknown listSlaves unauthorized", "ci submitWorkflow done"]);
}, 300_000);

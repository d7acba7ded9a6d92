import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, onTestFinished, test } from "vitest";
import type { Report } from "../../src/protocol/report.ts";
import { repository, runCommand } from "../support/command.ts";
import { startDeafListener } from "../support/deaf-listener.ts";
import { writeTemporary, writeWorkflow } from "../support/workflows.ts";

test("a dial that nothing answers ends at the connect timeout, with k6's code", async () => {
  const listener = await startDeafListener();
  onTestFinished(() => listener.close());
  const file = writeWorkflow(`http://127.0.0.1:${listener.port}/`, { http: { timeout: { connect: "200ms" } } });
  const { code, stdout } = await runCommand(["run", file, "--json"]);
  const report = JSON.parse(stdout) as Report;
  expect(report.errors).toMatchObject([
    { code: "1211", count: 1, message: `connection to 127.0.0.1:${listener.port} timed out` },
  ]);
  expect(report.metrics["http_reqs"]?.values["count"]).toBe(1);
  const valueOf = (phase: string) => report.metrics[`http_req_${phase}`]?.values["max"] ?? Number.NaN;
  // The limit includes what went before the dial, which counts as blocked.
  expect(valueOf("blocked") + valueOf("connecting")).toBeGreaterThan(190);
  // The system itself would dial for two minutes.
  expect(valueOf("connecting")).toBeLessThan(60_000);
  expect(code).toBe(1);
});

/** A view of the machine with another table of names takes root's rights on Linux. */
const mayMount = spawnSync("unshare", ["-m", "true"]).status === 0;

test.skipIf(!mayMount)(
  "a name with several addresses: where the first refuses, the next is used",
  { timeout: 150_000 },
  async () => {
    const server = createServer((_request, response) => response.end("ok"));
    server.listen(0, "::1");
    await once(server, "listening");
    onTestFinished(async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    });
    const { port } = server.address() as AddressInfo;
    // IPv4 is tried first, and nothing listens there.
    const hosts = writeTemporary("hosts", "127.0.0.1 localhost twins.test\n::1 twins.test\n");
    const file = writeWorkflow(`http://twins.test:${port}/`, { iterations: 3 });
    const mount = 'mount --bind "$1" /etc/hosts && shift && exec "$@"';
    const command = [process.execPath, "--", join(repository, "dist/cli/main.js"), "run", file, "--json", "-q"];
    const child = spawn("unshare", ["-m", "sh", "-c", mount, "sh", hosts, ...command], {
      stdio: ["ignore", "pipe", "inherit"],
      timeout: 120_000,
    });
    const [stdout, [code]] = await Promise.all([text(child.stdout), once(child, "close")]);
    const report = JSON.parse(stdout) as Report;
    expect(report.metrics["http_reqs"]?.values["count"]).toBe(3);
    expect(report.metrics["http_req_failed"]?.values).toMatchObject({ passes: 0, fails: 3 });
    expect(report.errors).toEqual([]);
    expect(code).toBe(0);
  },
);

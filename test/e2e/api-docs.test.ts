import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { startCluster } from "../support/cluster.ts";
import { repository } from "../support/command.ts";
import { createFolder } from "../support/workflows.ts";

const execute = promisify(execFile);

interface Block {
  readonly tag: string;
  readonly body: string;
}

function listBlocks(page: string): Block[] {
  const text = readFileSync(join(repository, page), "utf8");
  return [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(([, tag = "", body = ""]) => ({ tag, body }));
}

const uuid = /[0-9a-f]{8}-[0-9a-f-]{27}/g;

test.each(["docs/api.md", "docs/api.zh-CN.md"])(
  "the calls of %s answer as it shows",
  { timeout: 150_000 },
  async (page) => {
    const blocks = listBlocks(page);
    const master = await startCluster({ args: ["--standalone"] });
    const { port } = new URL(master.url);
    const folder = createFolder();
    const workflow = blocks.find(({ tag }) => tag === "yaml")?.body ?? "";
    // It is paused after it was submitted, however late.
    const lasting = workflow.replace("duration: 5s", "duration: 10m");
    expect(lasting).not.toBe(workflow);
    writeFileSync(join(folder, "ping.yaml"), lasting.replaceAll("8080", port));
    const calls = blocks.flatMap(({ tag, body }, at) =>
      tag === "sh" && body.startsWith("curl") ? [{ body, shown: blocks[at + 1] }] : [],
    );
    expect(calls.length).toBe(3);
    for (const { body, shown } of calls) {
      expect(shown?.tag).toBe("");
      const lines = body.replaceAll("\\\n", " ").trim().split("\n");
      let printed = "";
      for (const line of lines) {
        const { stdout } = await execute("sh", ["-c", line.replaceAll("8080", port)], { cwd: folder });
        printed += `${stdout}\n`;
      }
      expect(printed.replaceAll(uuid, "ID")).toBe(shown?.body.replaceAll(uuid, "ID"));
    }
    const again = calls[0]?.body.replaceAll("\\\n", " ").replaceAll("8080", port) ?? "";
    const { stdout } = await execute("sh", ["-c", again.replace("curl -s", "curl -si")], { cwd: folder });
    expect(stdout).toMatch(/^HTTP\/1\.1 201 Created\r\n[^]*idempotent-replayed: true\r\n/);
    expect((await master.call("GET", "/executions")).body).toMatchObject({ total: 1 });
  },
);

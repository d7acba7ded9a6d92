import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** A folder of the test's own; it ends with the test. */
export function createFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "workflow-engine-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Writes a file into a folder of its own and gives its path. */
export function writeTemporary(name: string, text: string): string {
  const path = join(createFolder(), name);
  writeFileSync(path, text);
  return path;
}

/** A workflow with one http step: GET `url`, with these options and fields of the step. */
export function writeWorkflow(url: string, options: object = {}, step: object = {}): string {
  const workflow = { name: "One request", options, steps: [{ id: "get", type: "http", config: { url }, ...step }] };
  return writeTemporary("workflow.json", JSON.stringify(workflow));
}

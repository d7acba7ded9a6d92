import { execFile } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { repository } from "./command.ts";
import { createFolder } from "./workflows.ts";

const execute = promisify(execFile);

/**
 * An empty project with the packed package in it, as `npm install` leaves it (what it depends on is this repository's), and
 * copies of these files of the repository. Gives its folder.
 */
export async function createProject(...files: readonly string[]): Promise<string> {
  const project = createFolder();
  const packed = await execute("npm", ["pack", "--ignore-scripts", "--json", "--pack-destination", project], {
    cwd: repository,
  });
  const [{ filename }] = JSON.parse(packed.stdout) as [{ readonly filename: string }];
  const modules = join(project, "node_modules");
  const folder = join(modules, "workflow-engine");
  mkdirSync(folder, { recursive: true });
  await execute("tar", ["-xzf", join(project, filename), "-C", folder, "--strip-components", "1"]);
  symlinkSync(join(repository, "node_modules"), join(folder, "node_modules"));
  mkdirSync(join(modules, ".bin"));
  const command = join(folder, "dist", "cli", "main.js");
  chmodSync(command, 0o755);
  symlinkSync(command, join(modules, ".bin", "workflow-engine"));
  mkdirSync(join(modules, "@types"));
  symlinkSync(join(repository, "node_modules", "@types", "node"), join(modules, "@types", "node"));
  writeFileSync(join(project, "package.json"), '{ "type": "module", "private": true }\n');
  for (const file of files) copyFileSync(join(repository, file), join(project, basename(file)));
  return project;
}

/** Has the compiler check files of a project strictly. Rejects with what it says. */
export async function checkTypes(project: string, ...files: readonly string[]): Promise<void> {
  const flags = ["--noEmit", "--strict", "--module", "nodenext", "--target", "es2024", "--types", "node"];
  const tsc = join(repository, "node_modules", ".bin", "tsc");
  await execute(tsc, [...flags, "--allowImportingTsExtensions", ...files], { cwd: project });
}

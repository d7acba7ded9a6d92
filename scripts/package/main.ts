import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { listPackages, type RuntimePackage } from "./list-packages.ts";

// Writes the archive: node scripts/package/main.ts RUNTIME FOLDER ARCH. Started by scripts/package.sh, which has built.
const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const [runtime = "", target = "", arch = ""] = process.argv.slice(2);

/** Beside what is built, the runtime and the packages. */
const shipped = [
  "configs",
  "deploy",
  "docs",
  "examples",
  "schema",
  "ARCHITECTURE.md",
  "CHANGELOG.md",
  "LICENSE",
  "README.md",
  "README.zh-CN.md",
  "package.json",
];

const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { readonly version: string };
const name = `workflow-engine-${version}-linux-${arch}`;
mkdirSync(target, { recursive: true });
const work = mkdtempSync(join(target, ".making-"));
try {
  const archive = makeArchive(work);
  const sum = createHash("sha256").update(readFileSync(archive)).digest("hex");
  // Whole or not at all.
  const file = join(target, basename(archive));
  renameSync(archive, file);
  writeFileSync(`${file}.sha256`, `${sum}  ${basename(file)}\n`);
  console.log(file);
} finally {
  rmSync(work, { recursive: true, force: true });
}

function makeArchive(folder: string): string {
  const stage = join(folder, name);
  mkdirSync(stage);
  for (const path of listShipped()) cpSync(join(root, path), join(stage, path), { recursive: true });
  // Anew: in a work tree's dist stands also what sources that are gone have left.
  const project = ["-p", join(root, "tsconfig.json"), "--outDir", join(stage, "dist")];
  start(join(root, "node_modules", ".bin", "tsc"), [...project, "--incremental", "false", "--tsBuildInfoFile", "null"]);
  const packages = listPackages(root);
  for (const { path } of packages) copyPackage(stage, path);
  mkdirSync(join(stage, "runtime"));
  cpSync(join(runtime, "bin", "node"), join(stage, "runtime", "node"), { dereference: true });
  cpSync(join(runtime, "LICENSE"), join(stage, "runtime", "LICENSE"));
  writeFileSync(join(stage, "THIRD-PARTY-LICENSES.txt"), describeLicenses(packages));
  const launcher = readFileSync(join(root, "scripts", "package", "launcher.sh"), "utf8");
  writeFileSync(join(stage, "workflow-engine"), launcher.replace("@machine@", arch));
  chmodSync(join(stage, "workflow-engine"), 0o755);

  const archive = join(folder, `${name}.tar.gz`);
  // Whoever unpacks it may read it, whatever the umask here is; the same content gives the same file.
  start("tar", [
    ...["--sort=name", "--owner=0", "--group=0", "--numeric-owner", "--mtime=@0", "--mode=u+rw,go+r,go-w,a+X"],
    ...["--format=gnu", "--use-compress-program=gzip -n -6", "-cf", archive, "-C", folder, name],
  ]);
  return archive;
}

/** What git knows of it; all of it where there is no git. */
function listShipped(): readonly string[] {
  const known = spawnSync("git", ["-C", root, "ls-files", "-z", "--", ...shipped], { encoding: "utf8" });
  return known.status === 0 && known.stdout !== "" ? known.stdout.split("\0").filter((path) => path !== "") : shipped;
}

function start(command: string, args: readonly string[]): void {
  const done = spawnSync(command, args, { stdio: ["ignore", "inherit", "inherit"] });
  if (done.status !== 0) throw new Error(`${command} failed: ${done.error?.message ?? `exit code ${done.status}`}`);
}

/** Without the packages inside it: those that are needed are listed themselves. */
function copyPackage(stage: string, path: string): void {
  const from = join(root, path);
  const inside = join(from, "node_modules");
  cpSync(from, join(stage, path), { recursive: true, filter: (source) => source !== inside });
}

function describeLicenses(packages: readonly RuntimePackage[]): string {
  const line = "-".repeat(100);
  const parts = packages.map(({ name: of, version: is, license, licenseText }) =>
    [line, `${of} ${is} (${license})`, ...(licenseText === null ? [] : ["", licenseText])].join("\n"),
  );
  const head = `workflow-engine ${version} is under the licence in LICENSE. With it come Node.js, under the licences in
runtime/LICENSE, and these packages:`;
  return `${[head, ...parts].join("\n\n")}\n`;
}

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** A package that the program needs when it runs. */
export interface RuntimePackage {
  /** Below the repository: `node_modules/ws`. */
  readonly path: string;
  readonly name: string;
  readonly version: string;
  /** The SPDX name. */
  readonly license: string;
  /** The text that its authors ask to be kept with it; null: they give none but the name. */
  readonly licenseText: string | null;
}

interface LockEntry {
  readonly version: string;
  readonly license?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
}

/** What package-lock.json has installed for running. Throws where one is missing or says no licence. */
export function listPackages(root: string): readonly RuntimePackage[] {
  const { packages } = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as {
    readonly packages: Readonly<Record<string, LockEntry>>;
  };
  return Object.entries(packages).flatMap(([path, { version, license, dev, optional }]) => {
    if (path === "" || dev) return [];
    const folder = join(root, path);
    if (!existsSync(folder)) {
      // Of another platform.
      if (optional) return [];
      throw new Error(`${path} is not installed: run npm install`);
    }
    if (license === undefined) throw new Error(`${path} says no licence: it cannot be given away`);
    const name = path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
    return [{ path, name, version, license, licenseText: readLicense(folder) }];
  });
}

function readLicense(folder: string): string | null {
  const files = readdirSync(folder).filter((name) => /^(licen[cs]e|copying|notice)/i.test(name));
  return files.length === 0 ? null : files.map((name) => readFileSync(join(folder, name), "utf8").trim()).join("\n\n");
}

import { basename, extname } from "node:path";

/** The id of a workflow that gives none, by its file: `load tests/登录.v2.yaml` is `登录-v2`; null: `workflow`. */
export function makeId(fileName: string | null): string {
  if (fileName === null) return "workflow";
  const stem = basename(fileName, extname(fileName));
  const id = stem.replaceAll(/[^\p{L}\p{M}\p{N}_-]+/gu, "-").slice(0, 64);
  if (/^-*$/.test(id)) return "workflow";
  return id === "latest" ? "latest-workflow" : id;
}

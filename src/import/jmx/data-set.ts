import type { Json } from "../../protocol/json.ts";
import { refuseFileName } from "../../protocol/named-file.ts";
import { readText } from "../decode-text.ts";
import type { Draft } from "../draft.ts";
import type { ImportOptions } from "../importer.ts";
import type { PlanNode } from "./read-plan.ts";

/** A CSV Data Set becomes a feeder and a variable for each column; a file without a header is given one. */
export function readDataSet(node: PlanNode, data: Record<string, Json>, options: ImportOptions, draft: Draft): void {
  const read = (name: string): string => node.props.get(name) ?? "";
  const file = read("filename");
  const delimiter = read("delimiter") === "\\t" ? "\t" : read("delimiter") || ",";
  const given = read("variableNames")
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
  const content = file.includes("${") ? null : readText(options, file);
  const first = content?.replace(/^\ufeff/, "").split(/\r?\n/, 1)[0] ?? "";
  const headed = given.length === 0 || read("ignoreFirstLine") === "true";
  const columns =
    headed && first !== "" ? first.split(delimiter).map((name) => name.trim().replaceAll(/^"|"$/g, "")) : given;
  const base = file.replace(/^.*[\\/]/, "");
  const isPlain =
    delimiter.length === 1 &&
    new Set(columns).size === columns.length &&
    columns.length > 0 &&
    columns.every((name) => /^[\p{L}_][\p{L}\p{N}_]*$/u.test(name));
  if (
    content === null ||
    !isPlain ||
    refuseFileName(base) !== null ||
    !content.slice(headed ? first.length : 0).trim()
  ) {
    draft.leaveOut(
      `the data set ${file}`,
      node.name,
      content === null
        ? "the file is not beside the plan, or no UTF-8 text"
        : "its columns have no plain names, or it has no rows",
    );
    for (const name of given) draft.use(name);
    return;
  }
  let key = base
    .replace(/\.[^.]*$/, "")
    .replaceAll(/[^\p{L}\p{N}_]+/gu, "_")
    .replace(/^(?=\d|$)/, "data_");
  while (Object.hasOwn(data, key)) key += "_";
  const name = headed ? base : base.replace(/(\.[^.]*)?$/, ".header$1");
  draft.addFile(name, headed ? content : `${columns.join(delimiter)}\n${content}`);
  data[key] = {
    file: name,
    ...(/\.(?:csv|tsv)$/.test(name) ? {} : { format: "csv" }),
    ...(delimiter === "," ? {} : { delimiter }),
    ...(read("recycle") === "false" ? { on_end: "stop" } : {}),
  };
  const names = given.length > 0 ? given : columns;
  for (const [at, variable] of names.entries())
    if (columns[at] !== undefined) draft.define(variable, `\${data.${key}.${columns[at]}}`);
}

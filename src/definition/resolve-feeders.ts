import type { Findings } from "../document/findings.ts";
import { asObject, asText } from "../protocol/json-values.ts";
import { suggest } from "../document/suggest.ts";
import { decodesBytewise, findEncoding, knownEncodings } from "../data/encoding.ts";
import { readColumns } from "../data/read-columns.ts";
import { EngineError } from "../errors.ts";
import type { Json, JsonObject } from "../protocol/json.ts";
import { normalizeFileName } from "../protocol/named-file.ts";
import type { Path } from "../protocol/step-spec.ts";
import type { Feeder } from "../protocol/workflow.ts";
import type { FileDesk } from "./file-desk.ts";

/** A feeder with its columns; null: they are not known before the run. */
export interface ResolvedFeeder {
  readonly feeder: Feeder;
  readonly columns: readonly string[] | null;
}

/** A header, or a first row, is within so many bytes. */
const headBytes = 64 * 1024;

/** Checked `data`; the beginnings of the files are looked at. */
export function resolveFeeders(value: Json | undefined, files: FileDesk, findings: Findings): ResolvedFeeder[] {
  return Object.entries(asObject(value)).flatMap(([name, given]) => {
    const path = ["data", name];
    if (findings.isWrong(path)) return [];
    const feeder = resolveFeeder(name, asObject(given), path, findings);
    if (feeder === null) return [];
    return [{ feeder, columns: inspectFile(feeder, [...path, "file"], files, findings) }];
  });
}

function resolveFeeder(name: string, given: JsonObject, path: Path, findings: Findings): Feeder | null {
  const file = normalizeFileName(asText(given["file"]) ?? "");
  const extension = /\.(\w+)$/.exec(file)?.[1]?.toLowerCase() ?? "";
  const byExtension =
    extension === "json" ? "json" : extension === "ndjson" || extension === "jsonl" ? "ndjson" : "csv";
  const format = (asText(given["format"]) ?? byExtension) as Feeder["format"];
  const mode = (asText(given["mode"]) ?? "sequential") as Feeder["mode"];
  const per = (asText(given["per"]) ?? "iteration") as Feeder["per"];
  const onEnd = (asText(given["on_end"]) ?? (mode === "unique" ? "stop" : "recycle")) as Feeder["onEnd"];
  const delimiter = asText(given["delimiter"]) ?? (extension === "tsv" ? "\t" : ",");
  const label = asText(given["encoding"]) ?? "utf-8";
  if (mode === "unique" && onEnd === "recycle")
    findings.report([...path, "on_end"], "`unique` rows are never given twice; leave `on_end` out, or write `stop`");
  if (mode === "random" && onEnd === "stop")
    findings.report([...path, "on_end"], "`random` never comes to an end; leave `on_end` out, or use `shuffle`");
  if (format !== "csv" && given["delimiter"] !== undefined)
    findings.report([...path, "delimiter"], "only csv has a delimiter", true);
  if (!/^[\t\x20\x21\x23-\x7e]$/.test(delimiter))
    findings.report([...path, "delimiter"], `\`${delimiter}\` is no delimiter; write one ASCII character, no quote`);
  const encoding = findEncoding(label);
  if (encoding === null) {
    const near = suggest(label, knownEncodings);
    findings.report([...path, "encoding"], `there is no encoding \`${label}\`; such are utf-8, gbk, big5.${near}`);
  } else if (!decodesBytewise(encoding)) {
    findings.report([...path, "encoding"], `\`${label}\` cannot be read in rows; save the file as UTF-8`);
  }
  if (encoding === null || findings.isWrong(path)) return null;
  return { name, file, format, mode, per, onEnd, delimiter, encoding };
}

function inspectFile(feeder: Feeder, path: Path, files: FileDesk, findings: Findings): readonly string[] | null {
  const file = files.use(path, feeder.file);
  if (file === null) return null;
  if (file.size === 0) {
    findings.report(
      path,
      `\`${feeder.file}\` is empty; it takes ${feeder.format === "csv" ? "a header and rows" : "rows"}`,
    );
    return null;
  }
  const head = files.readHead(path, feeder.file, headBytes);
  if (head === null) return null;
  try {
    return readColumns(feeder, head, head.length >= file.size);
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    findings.report(path, error.message);
    return null;
  }
}

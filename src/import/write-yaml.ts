import { Document } from "yaml";
import { EngineError } from "../errors.ts";
import { importLimits } from "./import-limits.ts";
import type { Imported } from "./importer.ts";
import { checkDepth } from "./read-source-value.ts";

/** How many entries of what was left out stand in the file itself. */
const mostShown = 40;

/** The workflow as YAML; its head says where it is from, what a run needs and what was left out. Throws EngineError `too_large`. */
export function writeYaml({ workflow, secrets, leftOut }: Imported, source: string): string {
  checkDepth(workflow, "what is made of it");
  const document = new Document(workflow, { aliasDuplicateObjects: false });
  const text = `${writeHead(source, secrets, leftOut)}\n${document.toString({ lineWidth: 0 })}`;
  if (text.length <= importLimits.output) return text;
  throw new EngineError(
    "too_large",
    `the workflow would have ${text.length} characters; at most ${importLimits.output} are written. Import a part of the source`,
  );
}

function writeHead(source: string, secrets: Imported["secrets"], leftOut: Imported["leftOut"]): string {
  const lines = [`Imported from ${source}.`];
  if (secrets.length > 0) lines.push(`It needs: ${secrets.map((name) => `--secret ${name}`).join(" ")}`);
  if (leftOut.length > 0) {
    lines.push("Left out:");
    for (const { what, where, why } of leftOut.slice(0, mostShown)) lines.push(`- ${what} (${where}): ${why}`);
    if (leftOut.length > mostShown) lines.push(`- and ${leftOut.length - mostShown} more`);
  }
  return lines.map((line) => `# ${oneLine(line)}\n`).join("");
}

/** Texts of a source may hold anything, also what would end a comment. */
function oneLine(text: string): string {
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\ufeff\ud800-\udfff]+/g, " ").slice(0, 300);
}

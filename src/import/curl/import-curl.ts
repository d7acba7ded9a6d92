import type { Json } from "../../protocol/json.ts";
import { createDraft } from "../draft.ts";
import { writeHttpStep } from "../http-step.ts";
import type { Imported, ImportOptions } from "../importer.ts";
import { notOfFormat } from "../read-source-value.ts";
import { readCurlRequest } from "./curl-request.ts";
import { type CurlWord, readCurlWords } from "./curl-options.ts";
import { splitCommands } from "./split-commands.ts";

/** Reads one or many curl command lines, as a shell reads them; every URL is a step. Nothing is run or expanded. */
export function importCurl(text: string, options: ImportOptions): Imported {
  const draft = createDraft();
  const steps: Json[] = [];
  let commands = 0;
  for (const { words, line } of splitCommands(text.replace(/^\ufeff/, ""))) {
    const where = `line ${line}`;
    const start = words.findIndex(
      (word) => !/^[A-Za-z_]\w*=/.test(word) && word !== "$" && word !== "sudo" && word !== "time",
    );
    if (!/(?:^|[\\/])curl(?:\.exe)?$/.test(words[start] ?? "")) {
      draft.leaveOut(`the command ${(words[0] ?? "").slice(0, 80)}`, where, "only curl is read");
      continue;
    }
    commands += 1;
    for (const part of splitAtNext(readCurlWords(words.slice(start + 1)))) {
      for (const request of readCurlRequest(part, where, options, draft)) {
        const step = draft.hasRoom(`${request.method} ${where}`, where) ? writeHttpStep(request, draft) : null;
        if (step !== null) steps.push(step);
      }
    }
  }
  if (commands === 0) throw notOfFormat("curl", "there is no command that begins with `curl`");
  return draft.finish({ name: options.name, steps });
}

/** `--next` begins another request. */
function splitAtNext(words: readonly CurlWord[]): CurlWord[][] {
  const parts: CurlWord[][] = [[]];
  for (const word of words) {
    if (word.name === "next") parts.push([]);
    else parts.at(-1)?.push(word);
  }
  return parts;
}

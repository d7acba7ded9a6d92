import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { runCommand } from "../support/command.ts";
import { createFolder, writeTemporary } from "../support/workflows.ts";

const execute = promisify(execFile);
const deadline = { timeout: 60_000 };

async function writeScript(shell: string): Promise<string> {
  const { stdout } = await runCommand(["completion", shell]);
  return writeTemporary("completion", stdout);
}

const asked: readonly (readonly [line: string, whole: string])[] = [
  ["workflow-engine val", "workflow-engine validate"],
  ["workflow-engine run --mode per", "workflow-engine run --mode per-vu-iterations"],
  ["workflow-engine run --thr", "workflow-engine run --threads"],
  ["workflow-engine completion z", "workflow-engine completion zsh"],
  ["workflow-engine import curl package.js", "workflow-engine import curl package.json"],
];

describe("fish", () => {
  test("offers commands, options and values", async () => {
    const script = await writeScript("fish");
    const home = createFolder();
    const lines = asked.map(([line]) => `complete -C '${line}'`).join("; echo; ");
    const { stdout } = await execute("fish", ["--no-config", "-c", `source ${script}; ${lines}`], {
      ...deadline,
      env: { ...process.env, HOME: home },
    });
    // A candidate a line, with a tab and its description.
    const candidates = stdout.split("\n").flatMap((line) => (line === "" ? [] : [line.split("\t")[0]]));
    expect(candidates).toEqual(["validate", "per-vu-iterations", "--threads", "zsh", "package.json"]);
  });
});

/** Types a line and a tab into an interactive zsh, and writes what became of the line. */
const typist = `
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell 'autoload -Uz compinit && compinit -u -D; source $SCRIPT'
zpty -w shell 'show() { print -rn -- "$BUFFER" >$ANSWER.part; mv $ANSWER.part $ANSWER }; zle -N show; bindkey "^X" show'
zpty -w shell 'print REA''DY'
while zpty -r shell line; do [[ $line == *READY* ]] && break; done
zpty -wn shell "$1"$'\\t\\x18'
until [[ -e $ANSWER ]]; do zpty -rt shell line; sleep 0.02; done
zpty -d shell
`;

describe("zsh", () => {
  test.each(asked)("%s<tab>", async (line, whole) => {
    const SCRIPT = await writeScript("zsh");
    const home = createFolder();
    const ANSWER = join(home, "answer");
    const env = { ...process.env, HOME: home, TERM: "xterm", SCRIPT, ANSWER };
    await execute("zsh", ["-f", "-c", typist, "zsh", line], { ...deadline, env });
    expect(readFileSync(ANSWER, "utf8").trimEnd()).toBe(whole);
  });
});

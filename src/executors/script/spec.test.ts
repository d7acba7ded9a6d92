import { expect, test } from "vitest";
import { loadWorkflow } from "../../definition/load-workflow.ts";

function listProblems(text: string, fileName = "w.yaml", files: Readonly<Record<string, string>> = {}): string[] {
  const readText = (name: string): string => {
    const content = files[name];
    if (content === undefined) throw new Error("no such file");
    return content;
  };
  const refuse = (): never => {
    throw new Error("scripts need the text alone");
  };
  const loaded = loadWorkflow({ text, fileName }, { env: {}, files: { readText, readHead: refuse, describe: refuse } });
  const problems = "problems" in loaded ? loaded.problems : loaded.warnings;
  return problems.map(({ line, column, path, message }) => `${line}:${column} ${path}: ${message}`);
}

const wrong = "const a = 1;\nif (a {\n}";
const said = "the script has a syntax error at its line 2, column 7: Unexpected token '{'";

test.each([
  [
    "a literal block",
    `steps:\n  - type: script\n    config:\n      script: |\n        ${wrong.replaceAll("\n", "\n        ")}\n`,
    "6:15",
  ],
  [
    "one after empty lines",
    `steps:\n  - type: script\n    config:\n      script: |-\n\n\n        ${wrong.replaceAll("\n", "\n        ")}\n`,
    "8:15",
  ],
  [
    "one with an indentation of its own",
    `steps:\n  - type: script\n    config:\n      script: |2\n        ${wrong.replaceAll("\n", "\n        ")}\n`,
    "6:15",
  ],
])("a syntax error in %s has its place in the file", (_what, text, place) => {
  const [problem = "", ...more] = listProblems(text);
  expect(more).toEqual([]);
  expect(problem.startsWith(`${place} steps[0].config.script: the script has a syntax error at its line`)).toBe(true);
});

test("in one line, in quotes, in JSON and in a folded block", () => {
  expect(listProblems("steps: [{ type: script, script: return ) }]")[0]).toMatch(/^1:40 /);
  expect(listProblems('steps: [{ type: script, script: "return )" }]')[0]).toMatch(/^1:41 /);
  expect(listProblems("steps:\n  - type: script\n    config:\n      script: >\n        return )\n")[0]).toMatch(
    /^4:15 /,
  );
  expect(listProblems(JSON.stringify({ steps: [{ type: "script", config: { script: wrong } }] }), "w.json")).toEqual([
    `1:47 steps[0].config.script: ${said}`,
  ]);
});

test("files of scripts and libs are read, and their mistakes named", () => {
  const text =
    "libs:\n  a: { file: a.js }\n  b: { file: none.js }\nsteps:\n  - { type: script, script: { file: main.js } }\n";
  expect(listProblems(text, "w.yaml", { "a.js": "exports.x = 1", "main.js": wrong })).toEqual([
    "3:14 libs.b.file: `none.js` cannot be read: no such file",
    "5:29 steps[0].script.script.file: `main.js` has a syntax error at line 2, column 7: Unexpected token '{'",
  ]);
});

test("what a script sets is known to the steps behind it", () => {
  const use = "  - { type: http, config: { url: 'http://x/${token}/${tokn}' } }\n";
  expect(listProblems(`steps:\n  - { type: script, script: "vars.set('token', 1)" }\n${use}`)).toEqual([
    "3:34 steps[1].config.url: nothing sets `tokn`: it is no variable, no -e value, not extracted by a step and no step's id. Did you mean `token`?",
  ]);
  const [doubt = ""] = listProblems(`steps:\n  - { type: script, script: "vars.set('tok' + 'en', 1)" }\n${use}`);
  expect(doubt).toContain("nothing sets `token`");
});

test("a script needs no more than its text, and takes nothing else", () => {
  expect(listProblems("steps: [{ type: script, config: { script: 'return 1', timeout: 0 } }]")[0]).toContain("timeout");
  expect(listProblems("steps: [{ type: script, config: {} }]")[0]).toContain("script");
  expect(listProblems("steps: [{ type: script, config: { script: 'return 1', file: x } }]")[0]).toContain(
    "no field `file`",
  );
});

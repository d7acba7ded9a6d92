import { compileCondition, compileExpression } from "../src/expression/expression.ts";
import { compileJsonTemplate } from "../src/expression/json-template.ts";
import type { Language } from "../src/expression/language.ts";
import type { Names } from "../src/expression/names.ts";
import { compileTemplate } from "../src/expression/template.ts";

// CPU time of expressions per call, each in the form a request uses it. Run: node bench/expression.ts

type Scope = Map<string, unknown>;

const names: Names<Scope> = { resolve: (name) => (scope) => scope.get(name) };
const language: Language = { random: Math.random, wall: Date.now };
const scope: Scope = new Map<string, unknown>([
  ["id", 12_345],
  ["token", "abcdef"],
  ["user", { profile: { name: "Ann" }, items: [{ id: 1 }, { id: 2 }] }],
]);

const rows: Readonly<Record<string, (scope: Scope) => unknown>> = {
  "path ${user.profile.name}": compileTemplate("${user.profile.name}", names, language).evaluate,
  "path ${user.items[1].id}": compileTemplate("${user.items[1].id}", names, language).evaluate,
  "template with two reads": compileTemplate("/users/${id}/orders?token=${token}", names, language).evaluate,
  "condition id == 12345": compileCondition("id == 12345", names, language),
  "condition with matches": compileCondition("token matches '^[a-f]+$' && id > 3", names, language),
  "arithmetic id * 2 + 1": compileExpression("id * 2 + 1", names, language),
  "function lower(token)": compileExpression("lower(token)", names, language),
  "function uuid()": compileExpression("uuid()", names, language),
  "json template of 3 keys": compileJsonTemplate({ a: "${id}", b: "x", c: ["${token}"] }, names, language).evaluate,
};

const calls = 1_000_000;
for (const [name, evaluate] of Object.entries(rows)) {
  const times: number[] = [];
  for (let run = 0; run < 5; run += 1) {
    const before = process.cpuUsage();
    for (let call = 0; call < calls; call += 1) evaluate(scope);
    const used = process.cpuUsage(before);
    times.push(((used.user + used.system) / calls) * 1e3);
  }
  const median = times.toSorted((a, b) => a - b)[2] ?? 0;
  console.log(`${name.padEnd(32)} ${median.toFixed(1).padStart(8)} ns`);
}

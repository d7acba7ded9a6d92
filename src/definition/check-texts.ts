import { EngineError } from "../errors.ts";
import { compileExpression } from "../expression/expression.ts";
import type { Language } from "../expression/language.ts";
import type { Names } from "../expression/names.ts";
import { compileTemplate } from "../expression/template.ts";
import type { Findings } from "../document/findings.ts";
import { reservedNames } from "./resolve-checks.ts";
import type { ScopedText } from "./resolve-steps.ts";
import type { StepScope } from "./step-scope.ts";
import { suggest } from "../document/suggest.ts";

/** Names that can exist while the workflow runs. */
export interface PossibleNames {
  /** Variables, `-e` values and what outlives an iteration. */
  readonly variables: ReadonlySet<string>;
  readonly stepIds: ReadonlySet<string>;
  readonly env: Readonly<Record<string, string>>;
  readonly envMayGrow: boolean;
  /** A script sets names that it computes. */
  readonly anyVariable: boolean;
  /** Columns by feeder; null: not known before the run. */
  readonly feeders: ReadonlyMap<string, readonly string[] | null>;
}

const resultFields = ["status_code", "body", "headers", "duration", "output", "error_code"];
const fields: Readonly<Record<string, readonly string[]>> = {
  vu: ["id", "iteration"],
  slave: ["id"],
  response: resultFields,
};
// Nothing is evaluated here but constants.
const language: Language = { random: () => 0, wall: () => 0 };

/** Compiles every text and reports what does not compile, and names that cannot exist. */
export function checkTexts(texts: readonly ScopedText[], possible: PossibleNames, findings: Findings): void {
  for (const { path, text, as, scope } of texts) {
    const names: Names<null> = {
      resolve: (name, rest, required) => {
        const mayMiss = name === "env" && !required;
        const problem = mayMiss ? null : judge(name, rest, possible, scope);
        if (problem !== null) {
          if (problem.doubtful) findings.warn(path, problem.message);
          else findings.report(path, problem.message);
        }
        return () => undefined;
      },
    };
    try {
      if (as === "template") compileTemplate(text, names, language);
      else compileExpression(text, names, language);
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      findings.report(path, error.message);
    }
  }
}

function judge(
  name: string,
  rest: readonly string[],
  possible: PossibleNames,
  scope: StepScope,
): { message: string; doubtful?: boolean } | null {
  const key = rest[0];
  if (name === "env") {
    if (key === undefined || Object.hasOwn(possible.env, key)) return null;
    const near = suggest(key, Object.keys(possible.env));
    return {
      message: `env.${key} has no value; give it with -e ${key}=VALUE${near === "" ? "" : `.${near}`}`,
      doubtful: possible.envMayGrow,
    };
  }
  if (name === "data") return judgeData(key, rest[1], possible);
  if (name === "steps") {
    if (key === undefined || possible.stepIds.has(key)) return checkField(`steps.${key}`, rest[1], resultFields);
    return { message: `there is no step \`${key}\`.${suggest(key, possible.stepIds)}` };
  }
  if (name === "loop") {
    if (scope.loop !== null) return checkField("loop", key, scope.loop);
    return { message: "`loop` is known only in the steps and conditions of a loop" };
  }
  const known = Object.hasOwn(fields, name) ? fields[name] : undefined;
  if (known !== undefined) return checkField(name, key, known);
  if (reservedNames.includes(name) || possible.variables.has(name)) return null;
  if (scope.assigned.has(name) || scope.variables.has(name)) return null;
  if (possible.stepIds.has(name)) return checkField(name, key, resultFields);
  const all = [...possible.variables, ...scope.assigned, ...scope.variables, ...possible.stepIds, ...reservedNames];
  return {
    message: `nothing sets \`${name}\`: it is no variable, no -e value, not extracted by a step and no step's id.${suggest(name, all)}`,
    doubtful: possible.anyVariable,
  };
}

function checkField(owner: string, field: string | undefined, known: readonly string[]): { message: string } | null {
  if (field === undefined || known.includes(field)) return null;
  return { message: `\`${owner}\` has no \`${field}\`; it has ${known.join(", ")}.${suggest(field, known)}` };
}

function judgeData(
  feeder: string | undefined,
  column: string | undefined,
  { feeders }: PossibleNames,
): { message: string } | null {
  if (feeder === undefined)
    return feeders.size > 0 ? null : { message: "there is no data: declare a feeder under `data`" };
  const columns = feeders.get(feeder);
  if (columns === undefined) {
    const known = feeders.size === 0 ? "none is declared under `data`" : `there are ${[...feeders.keys()].join(", ")}`;
    return { message: `there is no feeder \`${feeder}\`; ${known}.${suggest(feeder, feeders.keys())}` };
  }
  if (columns === null || column === undefined || columns.includes(column)) return null;
  return {
    message: `data.${feeder} has no column \`${column}\`; it has ${columns.join(", ")}.${suggest(column, columns)}`,
  };
}

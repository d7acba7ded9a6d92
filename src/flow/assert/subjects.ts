import type { StepResult } from "../../protocol/step.ts";
import type { Assertion, AssertionType } from "../../protocol/workflow.ts";
import type { JsonPath } from "../extract/json-path.ts";
import { compileSourcePattern, readMatch } from "../extract/source-pattern.ts";

/** What an assertion looks at. */
export interface Subject {
  /** How messages call it. */
  readonly label: string;
  /** Do messages show what was found? Not where it is long or different each time: equal failures must read equal. */
  readonly shown: boolean;
  /** undefined: there is none. */
  find(result: StepResult): unknown;
}

type CompileSubject = (assertion: Assertion, jsonPath: JsonPath) => Subject;

/** What assertions of a type look at; null: not in this version. */
export const subjects: Readonly<Record<AssertionType, CompileSubject | null>> = {
  status: () => ({ label: "status", shown: true, find: (result) => result.statusCode }),
  body: () => ({ label: "body", shown: false, find: (result) => result.text() }),
  duration: () => ({ label: "duration", shown: false, find: (result) => result.duration }),
  json: (assertion, jsonPath) => {
    const query = jsonPath(assertion.path);
    return { label: `json ${assertion.path}`, shown: true, find: (result) => query.first(result.json()) };
  },
  header: (assertion) => {
    const name = assertion.path.toLowerCase();
    return { label: `header ${name}`, shown: true, find: (result) => joinValues(result.header(name)) };
  },
  cookie: (assertion) => ({
    label: `cookie ${assertion.path}`,
    shown: true,
    find: (result) => result.cookie(assertion.path),
  }),
  regex: (assertion) => {
    const pattern = compileSourcePattern(assertion.path, `assertion ${assertion.name}`);
    return {
      label: `regex ${assertion.path}`,
      shown: true,
      find: (result) => {
        const match = pattern.exec(result.text());
        return match === null ? undefined : readMatch(match);
      },
    };
  },
  schema: null,
  xpath: null,
};

/** As RFC 9110 joins a repeated header. */
function joinValues(values: readonly string[]): string | undefined {
  return values.length > 1 ? values.join(", ") : values[0];
}

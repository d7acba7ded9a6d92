import type { StepResult } from "../../protocol/step.ts";
import type { Assertion, AssertionType } from "../../protocol/workflow.ts";
import type { Languages } from "../extract/languages.ts";
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

type CompileSubject = (assertion: Assertion, languages: Languages) => Subject;

/** What assertions of a type look at; a schema judges by itself. */
export const subjects: Readonly<Record<Exclude<AssertionType, "schema">, CompileSubject>> = {
  status: () => ({ label: "status", shown: true, find: (result) => result.statusCode }),
  body: () => ({ label: "body", shown: false, find: (result) => result.text() }),
  duration: () => ({ label: "duration", shown: false, find: (result) => result.duration }),
  json: (assertion, { jsonPath }) => {
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
  xpath: (assertion, { xpath }) => {
    const query = xpath(assertion.path);
    const asks = assertion.operator === "exists";
    return {
      label: `xpath ${assertion.path}`,
      shown: true,
      find: (result) => {
        const found = query.first(result);
        // `count(//a) = 3` alone is asked whether it is so.
        return asks && found === false ? undefined : found;
      },
    };
  },
};

/** As RFC 9110 joins a repeated header. */
function joinValues(values: readonly string[]): string | undefined {
  return values.length > 1 ? values.join(", ") : values[0];
}

import type { Report } from "../protocol/report.ts";
import type { Render } from "./render.ts";

interface Case {
  readonly name: string;
  /** null: it passed. */
  readonly failure: string | null;
  /** It was not decided, and why; empty: it says so itself. */
  readonly skipped?: string;
}

/** JUnit's XML: the run itself, each threshold and each check as a case. A check fails where it failed once. */
export const renderJunit: Render = (report) => {
  const suites: readonly (readonly [name: string, cases: readonly Case[]])[] = [
    ["run", [describeRun(report)]],
    ["thresholds", report.thresholds.map(describeThreshold)],
    ["checks", report.checks.map(describeCheck)],
  ];
  const seconds = (report.duration_ms / 1_000).toFixed(3);
  const written = suites
    .filter(([, cases]) => cases.length > 0)
    .map(([name, cases]) => writeSuite(report, name, cases));
  const all = suites.flatMap(([, cases]) => cases);
  const counts = `tests="${all.length}" failures="${countFailures(all)}" time="${seconds}"`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="${escape(report.workflow_id)}" ${counts}>\n${written.join("")}</testsuites>\n`;
};

/** One that was stopped while its thresholds held has neither passed nor failed. */
function describeRun(report: Report): Case {
  const { workflow_name: name, status, passed } = report;
  if (!passed) return { name, failure: describeEnd(report) };
  if (status !== "aborted") return { name, failure: null };
  return { name, failure: null, skipped: `${describeEnd(report)}, its thresholds held until then` };
}

function describeEnd({ status, reason }: Report): string {
  return reason === null ? status : `${status}: ${reason}`;
}

function describeThreshold({ metric, condition, passed, value }: Report["thresholds"][number]): Case {
  const failure = passed === false ? `measured ${value ?? "nothing"}` : null;
  return { name: `${metric}: ${condition}`, failure, ...(passed === null ? { skipped: "" } : {}) };
}

function describeCheck({ name, step_id: step, passes, fails }: Report["checks"][number]): Case {
  return { name: `${step}: ${name}`, failure: fails === 0 ? null : `${fails} of ${passes + fails} failed` };
}

function writeSuite({ workflow_id: id, start_time: time }: Report, name: string, cases: readonly Case[]): string {
  const skipped = cases.filter(({ skipped: why }) => why !== undefined).length;
  const counts = `tests="${cases.length}" failures="${countFailures(cases)}" errors="0" skipped="${skipped}"`;
  const at = time === null ? "" : ` timestamp="${time}"`;
  const lines = cases.map((one) => {
    const head = `    <testcase classname="${escape(`${id}.${name}`)}" name="${escape(one.name)}" time="0"`;
    if (one.skipped !== undefined) {
      const why = one.skipped === "" ? "" : ` message="${escape(one.skipped)}"`;
      return `${head}><skipped${why}/></testcase>\n`;
    }
    return one.failure === null ? `${head}/>\n` : `${head}><failure message="${escape(one.failure)}"/></testcase>\n`;
  });
  return `  <testsuite name="${name}" ${counts}${at}>\n${lines.join("")}  </testsuite>\n`;
}

function countFailures(cases: readonly Case[]): number {
  return cases.filter(({ failure }) => failure !== null).length;
}

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

/** What XML has no way to write becomes a space. */
function escape(text: string): string {
  return text
    .toWellFormed()
    .replace(/[\p{Cc}\ufffe\uffff]/gu, " ")
    .replace(/[&<>"]/g, (character) => entities[character] ?? character);
}

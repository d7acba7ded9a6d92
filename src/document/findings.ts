import type { Problem } from "../protocol/problem.ts";
import type { Path, TextPosition } from "../protocol/step-spec.ts";
import { limits } from "./limits.ts";
import type { Locate } from "./parse.ts";
import { printPath } from "./path.ts";

/** Collects what is wrong and what is doubtful while a document is read. */
export interface Findings {
  /** `key`: the key itself is wrong, not its value; `inside`: the place in the text that is the value. */
  report(path: Path, message: string, key?: boolean, inside?: TextPosition): void;
  warn(path: Path, message: string, key?: boolean): void;
  /** Has something at, or inside, this path been reported as wrong? */
  isWrong(path: Path): boolean;
  hasProblems(): boolean;
  /** In the order of the text, at most as many as anybody reads. */
  list(locate: Locate | null): Problem[];
}

interface Finding {
  readonly path: Path;
  readonly message: string;
  readonly key: boolean;
  readonly inside: TextPosition | null;
  readonly severity: "error" | "warning";
}

export function createFindings(): Findings {
  const found: Finding[] = [];
  const wrong = new Set<string>();
  const seen = new Set<string>();
  const counts = { error: 0, warning: 0 };
  const add = (
    path: Path,
    message: string,
    key: boolean,
    severity: Finding["severity"],
    inside: TextPosition | null = null,
  ): void => {
    // Nobody reads more: an input of a million mistakes costs no more than one of a hundred.
    if (counts[severity] >= limits.problems) return;
    const name = `${printPath(path)} ${message}`;
    if (seen.has(name)) return;
    seen.add(name);
    counts[severity]++;
    found.push({ path, message, key, severity, inside });
    if (severity === "error")
      for (let length = 0; length <= path.length; length++) wrong.add(printPath(path.slice(0, length)));
  };
  return {
    report: (path, message, key = false, inside) => add(path, message, key, "error", inside),
    warn: (path, message, key = false) => add(path, message, key, "warning"),
    isWrong: (path) => wrong.has(printPath(path)),
    hasProblems: () => wrong.size > 0,
    list: (locate) => {
      // Errors first, so that the bound never hides one behind warnings.
      const kept = found.toSorted((left, right) => rank(left) - rank(right)).slice(0, limits.problems);
      const problems = kept.map((finding) => toProblem(finding, locate));
      return problems.sort(
        (left, right) => (left.line ?? 0) - (right.line ?? 0) || (left.column ?? 0) - (right.column ?? 0),
      );
    },
  };
}

function rank(finding: Finding): number {
  return finding.severity === "error" ? 0 : 1;
}

function toProblem({ path, message, key, severity, inside }: Finding, locate: Locate | null): Problem {
  // Command line options and variables have no place in the text.
  const isOutside = typeof path[0] === "string" && /^(--|WE_)/.test(path[0]);
  const position = isOutside ? null : (locate?.(path, key, inside) ?? null);
  return { path: printPath(path), message, ...position, severity };
}

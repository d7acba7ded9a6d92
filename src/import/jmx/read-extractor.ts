import type { JsonObject } from "../../protocol/json.ts";
import type { Draft } from "../draft.ts";
import { isJsonPath, isPattern } from "../language-check.ts";
import { isSelector, isXpath } from "./markup-paths.ts";
import { escapePattern, isTakenPattern } from "./read-checks.ts";
import type { PlanNode } from "./read-plan.ts";

/** What an extractor says of one variable. */
interface Extraction {
  readonly name: string;
  /** null: it cannot be said. */
  readonly where: { readonly from: string; readonly path: string } | null;
  readonly match: string;
  readonly otherwise: string;
}

type Read = (name: string) => string;

/** Extractors by their element. */
const extractors: Readonly<Record<string, (read: Read) => readonly Extraction[]>> = {
  RegexExtractor: (read) => [
    {
      name: read("RegexExtractor.refname"),
      where: inBody(
        read("RegexExtractor.useHeaders"),
        pickGroup(read("RegexExtractor.regex"), read("RegexExtractor.template")),
      ),
      match: read("RegexExtractor.match_number"),
      otherwise: read("RegexExtractor.default"),
    },
  ],
  BoundaryExtractor: (read) => {
    const [left, right] = [read("BoundaryExtractor.lboundary"), read("BoundaryExtractor.rboundary")];
    const pattern = `${escapePattern(left)}([\\s\\S]*?)${right === "" ? "$" : escapePattern(right)}`;
    return [
      {
        name: read("BoundaryExtractor.refname"),
        where: inBody(read("BoundaryExtractor.useHeaders"), `${left}${right}`.includes("${") ? null : pattern),
        match: read("BoundaryExtractor.match_number"),
        otherwise: read("BoundaryExtractor.default"),
      },
    ];
  },
  JSONPostProcessor: (read) => {
    const list = (name: string): string[] => read(`JSONPostProcessor.${name}`).split(";");
    const [paths, matches, defaults] = [list("jsonPathExprs"), list("match_numbers"), list("defaultValues")];
    return list("referenceNames").map((name, at) => {
      const match = matches[at] ?? "";
      const path = (paths[at] ?? "").trim();
      const placed = placeMatch(path, Number(match));
      return {
        name,
        where: isJsonPath(path) ? { from: "json", path: placed ?? path } : null,
        match: placed === null ? match : "1",
        otherwise: defaults[at] ?? "",
      };
    });
  },
  XPathExtractor: (read) => [readXpath(read, "XPathExtractor")],
  XPath2Extractor: (read) => [readXpath(read, "XPathExtractor2")],
  HtmlExtractor: (read) => {
    const attribute = read("HtmlExtractor.attribute");
    const path = `${read("HtmlExtractor.expr")}${attribute === "" ? "" : `@${attribute}`}`;
    return [
      {
        name: read("HtmlExtractor.refname"),
        where: isSelector(path) ? { from: "css", path } : null,
        match: read("HtmlExtractor.match_number"),
        otherwise: read("HtmlExtractor.default"),
      },
    ];
  },
};

/** The elements that are read. */
export const extractorKinds: readonly string[] = Object.keys(extractors);

/** The extractions of an extractor of a plan; those that cannot be said are noted. */
export function readExtractor(node: PlanNode, draft: Draft): JsonObject[] {
  const read: Read = (name) => node.props.get(name) ?? "";
  const extractions = Object.hasOwn(extractors, node.kind) ? extractors[node.kind]?.(read) : undefined;
  return (extractions ?? []).flatMap(({ name, where, match, otherwise }): JsonObject[] => {
    if (name.trim() === "" || where === null || where.path === "" || where.path.includes("${")) {
      draft.leaveOut(`the extraction of ${name || "nothing"}`, node.name, "its path or pattern cannot be taken over");
      return [];
    }
    const number = Number(match || "1");
    if (number !== 1 && number !== -1)
      draft.leaveOut(`match number ${match} of ${name}`, node.name, "the first match is taken");
    return [
      {
        name: draft.assign(name.trim()),
        ...where,
        default: otherwise,
        ...(number === -1 ? { all: true, default: [] } : {}),
      },
    ];
  });
}

function readXpath(read: Read, prefix: string): Extraction {
  const path = read(`${prefix}.xpathQuery`);
  return {
    name: read(`${prefix}.refname`),
    where: isXpath(path) ? { from: "xpath", path } : null,
    match: read(`${prefix}.matchNumber`),
    otherwise: read(`${prefix}.default`),
  };
}

function inBody(headers: string, path: string | null): Extraction["where"] {
  return ["", "false"].includes(headers) && path !== null && isPattern(path) ? { from: "regex", path } : null;
}

/** The pattern with the group of `$2$` as its only one; null: the template is more than a group. */
function pickGroup(pattern: string, template: string): string | null {
  const number = Number(/^\$(\d)\$$/.exec(template || "$1$")?.[1] ?? Number.NaN);
  if (Number.isNaN(number) || !isTakenPattern(pattern)) return null;
  if (number === 1) return pattern;
  if (number === 0) return `(${pattern})`;
  // References to groups would name others.
  if (/\\[1-9k]|\[[^\]]*\(/.test(pattern)) return null;
  let seen = 0;
  return pattern.replaceAll(/\\.|\((?!\?)/gs, (each) => (each === "(" && ++seen !== number ? "(?:" : each));
}

/** `$.items[1].id` for match 2 of `$.items[*].id`; null: it cannot be said so. */
function placeMatch(path: string, match: number): string | null {
  const isPlain = match > 1 && Number.isInteger(match) && /^[^*?]*\[\*\][^*?]*$/.test(path) && !path.includes("..");
  return isPlain ? path.replace("[*]", `[${match - 1}]`) : null;
}

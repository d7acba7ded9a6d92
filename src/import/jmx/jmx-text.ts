import type { Draft } from "../draft.ts";
import { isExpression } from "../language-check.ts";
import { escapeTemplate, quoteText } from "../template-text.ts";

/** Turns JMeter's `${name}` and `${__function(…)}` into templates. */
export interface JmxText {
  template(text: string, where: string): string;
  /** The same as an expression: the value of `"${a}" == "x"` without its quotes; null: it cannot be said. */
  condition(text: string): string | null;
}

type Call = (args: readonly string[]) => string | null;

export function createJmxText(draft: Draft): JmxText {
  const number = (text: string | undefined, otherwise: string): string =>
    text !== undefined && /^\$\{|^-?\d+$/.test(text.trim()) ? argument(text.trim()) : otherwise;
  const property: Call = ([name = "", value]) => {
    if (value !== undefined) draft.define(name, template(value, name));
    return draft.use(name);
  };
  /** A function whose last argument names a variable: the iteration keeps the value in it. */
  const keep = (name: string | undefined, made: string): string => {
    if (name === undefined || name === "") return made;
    draft.define(name, `\${${made}}`);
    return draft.use(name);
  };
  const functions: Readonly<Record<string, Call>> = {
    __UUID: () => "uuid()",
    __Random: ([low, high, name]) => keep(name, `random_int(${number(low, "0")}, ${number(high, "100")})`),
    __RandomString: ([length, letters, name]) =>
      keep(
        name,
        `random_text(${number(length, "10")}${letters === undefined || letters === "" ? "" : `, ${argument(letters)}`})`,
      ),
    __time: ([format = ""]) =>
      format === ""
        ? "now()"
        : format === "/1000"
          ? "int(now() / 1000)"
          : /^[yMdHmsS\W]+$/.test(format) && !/'/.test(format)
            ? `date(${quoteText(format)})`
            : null,
    __threadNum: () => "vu.id",
    __counter: ([each]) => (each?.toUpperCase() === "TRUE" ? "vu.iteration + 1" : null),
    __P: property,
    __property: ([name = "", , value]) => property(value === undefined ? [name] : [name, value]),
    __V: ([name = ""]) => draft.use(name),
    __env: ([name = ""]) => (/^\w+$/.test(name) ? `env.${name}` : null),
    __urlencode: ([text = ""]) => `url_encode(${argument(text)})`,
    __base64Encode: ([text = ""]) => `base64(${argument(text)})`,
    __base64Decode: ([text = ""]) => `base64_decode(${argument(text)})`,
    __lowercase: ([text = ""]) => `lower(${argument(text)})`,
    __uppercase: ([text = ""]) => `upper(${argument(text)})`,
    __changeCase: ([text = "", mode = "UPPER"]) =>
      mode === "UPPER" ? `upper(${argument(text)})` : mode === "LOWER" ? `lower(${argument(text)})` : null,
    __intSum: (args) =>
      args
        .filter((each) => /^\$\{|^-?\d+$/.test(each))
        .map(argument)
        .join(" + "),
  };

  /** An argument as an expression: a number, a variable, or a text. */
  function argument(text: string): string {
    if (/^-?\d+$/.test(text)) return text;
    const only = /^\$\{([^${}]+)\}$/.exec(text)?.[1];
    return only === undefined ? quoteText(text) : (expression(only) ?? quoteText(text));
  }

  function expression(inside: string): string | null {
    if (!inside.startsWith("__")) return draft.use(inside);
    const found = /^(__\w+)(?:\(([^]*)\))?$/.exec(inside.trim());
    const call = Object.hasOwn(functions, found?.[1] ?? "") ? functions[found?.[1] ?? ""] : undefined;
    return call?.(found?.[2] === undefined ? [] : splitArguments(found[2])) ?? null;
  }

  function template(text: string, where: string): string {
    return splitReferences(text)
      .map(({ reference, text: part }) => {
        if (!reference) return escapeTemplate(part);
        const made = expression(part);
        if (made !== null) return `\${${made}}`;
        draft.leaveOut(
          `the function ${part.slice(0, 60)}`,
          where,
          "there is none like it; an empty text stands in its place",
        );
        return "";
      })
      .join("");
  }

  return {
    template,
    condition(text) {
      const script = /^\$\{__(?:jexl[23]|groovy|javaScript)\(([^]*?),?\)\}$/.exec(text.trim())?.[1] ?? text;
      if (
        !/^[\s\w"'${}()=!<>&|.,\-+]*$/.test(script) ||
        /__(?!UUID|Random|P\b|property)/.test(script) ||
        script.trim() === ""
      )
        return null;
      const joined = script
        .replaceAll(/(["'])(\$\{[^{}"']+\})\1/g, "$2")
        .replaceAll(/vars\.get\(["'](\w+)["']\)/g, (_all, name: string) => `\${${name}}`);
      // A text made of several parts would lose its references.
      if (/"[^"]*\$\{[^"]*"|'[^']*\$\{[^']*'/.test(joined)) return null;
      // Names of the script's own are none of the plan's variables.
      const bare = splitReferences(joined)
        .filter(({ reference }) => !reference)
        .map(({ text: part }) => part.replaceAll(/"[^"]*"|'[^']*'/g, ""))
        .join(" ");
      if (/\b(?!(?:true|false|null)\b)[A-Za-z_]/.test(bare)) return null;
      const made = splitReferences(joined)
        .map(({ reference, text: part }) => (reference ? (expression(part) ?? '""') : part))
        .join("")
        .replaceAll("\\,", ",")
        .trim();
      return isExpression(made) ? made : null;
    },
  };
}

interface TextPart {
  readonly reference: boolean;
  readonly text: string;
}

/** The texts between references, and the references without `${` and `}`. */
function splitReferences(text: string): TextPart[] {
  const parts: TextPart[] = [];
  let from = 0;
  for (let at = text.indexOf("${"); at >= 0; at = text.indexOf("${", from)) {
    let depth = 0;
    let end = at;
    for (; end < text.length; end += 1) {
      if (text.startsWith("${", end)) depth += 1;
      else if (text.charAt(end) === "}" && (depth -= 1) === 0) break;
    }
    if (end >= text.length) break;
    if (at > from) parts.push({ reference: false, text: text.slice(from, at) });
    parts.push({ reference: true, text: text.slice(at + 2, end) });
    from = end + 1;
  }
  if (from < text.length) parts.push({ reference: false, text: text.slice(from) });
  return parts;
}

/** Arguments are parted by commas; `\,` is one, and those inside `${…}` part nothing. */
function splitArguments(text: string): string[] {
  const found: string[] = [""];
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (character === "\\" && text.charAt(at + 1) === ",") at += 1;
    else if (character === "{") depth += 1;
    else if (character === "}") depth -= 1;
    else if (character === "," && depth === 0) {
      found.push("");
      continue;
    }
    found[found.length - 1] += text.charAt(at);
  }
  return found.map((each) => each.trim());
}

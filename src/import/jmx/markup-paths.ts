const functions = new Set(
  (
    "last position count id local-name namespace-uri name string concat starts-with contains substring-before " +
    "substring-after substring string-length normalize-space translate boolean not true false lang number sum floor " +
    "ceiling round text node comment processing-instruction"
  ).split(" "),
);

/** Is it an XPath 1.0 of the usual signs? What only XPath 2 has is none. */
export function isXpath(path: string): boolean {
  const bare = path.replaceAll(/"[^"]*"|'[^']*'/g, "0");
  if (!/^[\w\s/@*.:()[\],=|<>!+-]+$/.test(bare) || !/\w|\*|\./.test(bare) || !isBalanced(bare)) return false;
  if (/\*:|\b(?:for|if|some|every|return|eq|ne|lt|gt|le|ge)\s|:\w*\(/.test(bare) || /[=<>!|+/@-]\s*$/.test(bare))
    return false;
  return [...bare.matchAll(/([\w-]+)\s*\(/g)].every(
    ([, name = ""]) => functions.has(name) || /^(?:and|or)$/.test(name),
  );
}

/** Is it a CSS selector of the usual signs, perhaps with `@attribute`? */
export function isSelector(path: string): boolean {
  const part = String.raw`(?:[\w*-]+|[.#][A-Za-z_-][\w-]*|\[[\w-]+(?:[~|^$*]?=(?:"[^"\\]*"|'[^'\\]*'|[\w-]+))?\]|:(?:first-child|last-child|nth-child\(\d+\)))`;
  return new RegExp(String.raw`^${part}+(?:\s*[ >+~,]\s*${part}+)*(?:@[A-Za-z_][\w:.-]*)?$`).test(path);
}

function isBalanced(text: string): boolean {
  const open: string[] = [];
  for (const sign of text) {
    if (sign === "(" || sign === "[") open.push(sign);
    else if (sign === ")" && open.pop() !== "(") return false;
    else if (sign === "]" && open.pop() !== "[") return false;
  }
  return open.length === 0 && !/\(\s*,|,\s*\)|\[\s*\]/.test(text);
}

import * as fc from "fast-check";
import { expect, it } from "vitest";
import { EngineError } from "../errors.ts";
import { compileExpression } from "./expression.ts";
import { compileJsonTemplate } from "./json-template.ts";
import type { Language } from "./language.ts";
import { listReferences } from "./list-references.ts";
import type { Names } from "./names.ts";
import { compileTemplate } from "./template.ts";

type Scope = Readonly<Record<string, unknown>>;

const words =
  "${ } $${ ( ) [ ] ' \" \\ . , ? : ?? && || ! NOT in matches == < + - * / % a b list user loop big 1 9007199254740993 1e308 0 null " +
  "__proto__ constructor len( json( replace( split( join( random_text( date( int( uuid() base64_decode( url_encode( '(a+'";
const fragment = fc.oneof(
  fc.string({ unit: "binary", maxLength: 6 }),
  fc.constant(" "),
  fc.constantFrom(...words.split(" ")),
);
const texts = fc.array(fragment, { maxLength: 25 }).map((parts) => parts.join(""));

const loop: Record<string, unknown> = {};
loop["self"] = loop;
const data: Scope = {
  a: 3,
  b: "12",
  big: 2n ** 70n,
  list: [1, "a", [null]],
  user: { name: "x", call: () => 1 },
  loop,
};
const names: Names<Scope> = { resolve: (name) => (scope) => (Object.hasOwn(scope, name) ? scope[name] : undefined) };
const language: Language = { random: () => 0.5, wall: () => 0 };

function attempt(run: () => unknown): void {
  try {
    run();
  } catch (error) {
    if (!(error instanceof EngineError) || error.code !== "template") throw error;
  }
}

it("no text makes anything throw but EngineError `template`, compiling or running", () => {
  fc.assert(
    fc.property(texts, (text) => {
      attempt(() => compileExpression(text, names, language)(data));
      attempt(() => compileTemplate(text, names, language).evaluate(data));
      attempt(() => compileTemplate(`\${${text}}`, names, language).evaluate(data));
      attempt(() => compileJsonTemplate({ a: [text] }, names, language).evaluate(data));
      attempt(() => listReferences(text));
      attempt(() => listReferences(text, "expression"));
    }),
    { numRuns: 3_000 },
  );
});

it("a text without ${ is a constant template", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      fc.pre(!text.includes("${"));
      expect(compileTemplate(text, names, language).constant).toBe(text);
    }),
  );
});

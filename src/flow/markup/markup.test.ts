import { describe, expect, test } from "vitest";
import { read, type StepResult } from "../../protocol/step.ts";
import { loadCss } from "./css.ts";
import { loadXpath } from "./xpath.ts";

const css = await loadCss();
const xpath = await loadXpath();

function answer(text: string, type = "text/html; charset=utf-8"): StepResult {
  return {
    failure: null,
    interrupted: false,
    duration: 1,
    statusCode: 200,
    target: "",
    text: () => text,
    json: () => undefined,
    header: (name) => (name === "content-type" && type !== "" ? [type] : []),
    cookie: () => undefined,
    [read]: () => undefined,
  };
}

const page = `<!DOCTYPE html><title>Shop &amp; more</title>
<ul><li class="item">  one <b>1</b> </li><li class=item>two<li class="item last">three</ul>
<a class="next" href="/p?a=1&amp;b=2">next<br></a><a name="x">none</a>
<input name=token value='t"1'><script>if (a < b) { "<a href='/no'>" }</script>`;

const soap = `<?xml version="1.0"?>
<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>
<Order xmlns="urn:shop" id="7"><Item>a</Item><Item>b &lt; c</Item><Total><![CDATA[12.50]]></Total></Order>
</s:Body></s:Envelope>`;

describe("css", () => {
  test.each<[selector: string, first: unknown, all: readonly unknown[]]>([
    ["title", "Shop & more", ["Shop & more"]],
    ["li.item", "one 1", ["one 1", "two", "three"]],
    ["li:nth-of-type(2)", "two", ["two"]],
    ["li.last, title", "Shop & more", ["Shop & more", "three"]],
    ["a.next@href", "/p?a=1&b=2", ["/p?a=1&b=2"]],
    ["a @href", "/p?a=1&b=2", ["/p?a=1&b=2"]],
    ["input[name=token]@value", 't"1', ['t"1']],
    ['a[href*="?"]', "next", ["next"]],
    ["a@nothing", undefined, []],
    ["table td", undefined, []],
  ])("%s", (selector, first, all) => {
    const result = answer(page);
    expect([css(selector).first(result), css(selector).all(result)]).toEqual([first, all]);
  });

  test("XML keeps its case", () => {
    const result = answer(soap, "text/xml");
    expect([css("Order > Item").all(result), css("Order@id").first(result), css("order").first(result)]).toEqual([
      ["a", "b < c"],
      "7",
      undefined,
    ]);
  });

  test.each(["a[", "a:foo", "a::before", "@href"])("%s is no selector", (selector) => {
    expect(() => css(selector)).toThrow(/^the CSS selector `.*` is not valid: /);
  });
});

describe("xpath", () => {
  test.each<[path: string, first: unknown, all: readonly unknown[]]>([
    ["//title", "Shop & more", ["Shop & more"]],
    ["/html//li[2]", "two", ["two"]],
    ["//a/@href", "/p?a=1&b=2", ["/p?a=1&b=2"]],
    ["//LI[contains(@class, 'last')]/text()", "three", ["three"]],
    ["count(//li)", 3, [3]],
    ["count(//li) = 3", true, [true]],
    ["normalize-space(//li)", "one 1", ["one 1"]],
    ["//li[last()] | //title", "Shop & more", ["Shop & more", "three"]],
    ["//td", undefined, []],
  ])("%s", (path, first, all) => {
    const result = answer(page);
    expect([xpath(path).first(result), xpath(path).all(result)]).toEqual([first, all]);
  });

  test.each<[path: string, all: readonly unknown[]]>([
    ["//s:Body/Order/Item", ["a", "b < c"]],
    ["//Order/@id", ["7"]],
    ["number(//Total) * 2", [25]],
    ["//other:Order", []],
    ["//order", []],
  ])("%s of XML: prefixes are the document's, none means any namespace", (path, all) => {
    for (const type of ["application/soap+xml", ""]) expect(xpath(path).all(answer(soap, type))).toEqual(all);
  });

  test.each(["//[", "a b", "//a[foo()]", "$x", ""])("`%s` is no XPath", (path) => {
    expect(() => xpath(path)).toThrow(/^the XPath `.*` is not valid: /s);
  });

  test.each([
    ["<a><b></a>", "text/xml"],
    ['<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', "text/xml"],
    ['<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>', "text/xml"],
    ["", "text/xml"],
    ["not markup at all", "text/html"],
  ])("%s gives no match", (text, type) => {
    expect([xpath("//b").all(answer(text, type)), xpath("//b").first(answer(text, type))]).toEqual([[], undefined]);
  });
});

describe("hostile answers end soon, with a message", () => {
  test.each([
    ["x".repeat(2_000_001), "the answer of 2000001 characters is too long for xpath and css (at most 2000000)"],
    ["<a>".repeat(40_001), "the answer has 40001 tags, too many for xpath and css (at most 40000)"],
    ["<div>".repeat(2_000), "the answer nests its elements deeper than 1000 levels"],
  ])("%.10s…", (text, message) => {
    const result = answer(text);
    for (const query of [css("a"), xpath("//a")]) expect(() => query.first(result)).toThrow(message);
  });

  test("a thousand siblings with attributes are compared by their numbers", () => {
    const wide = answer(`<d>${"<b i='1'/>".repeat(20_000)}</d>`, "text/xml");
    expect(xpath("//b/@i").all(wide).length).toBe(20_000);
  });
});

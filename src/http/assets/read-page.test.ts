import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createPageReader, type ReadAssets, readStylesheet } from "./read-page.ts";
import { rememberReading } from "./remember-reading.ts";

const read = await createPageReader();
const address = "http://shop.test/a/page.html?x=1";

/** `kind url`, the origin of the page left out. */
function list(text: string, reader: ReadAssets = read): string[] {
  return reader(text, address).assets.map(
    ({ kind, address: found }) => `${kind} ${found.replace("http://shop.test", "")}`,
  );
}

describe("what a browser loads of a page", () => {
  test.each<[name: string, text: string, found: readonly string[]]>([
    ["a stylesheet", `<link rel="stylesheet" href="x.css">`, ["style /a/x.css"]],
    ["in any case, unquoted", `<LINK REL=StyleSheet HREF=/x.css>`, ["style /x.css"]],
    [
      "no alternate or disabled one",
      `<link rel="alternate stylesheet" href=a><link rel=stylesheet disabled href=b>`,
      [],
    ],
    ["an icon", `<link rel="shortcut icon" href="/favicon.ico">`, ["image /favicon.ico"]],
    [
      "a preload by what it is",
      `<link rel=preload as=font href=/f.woff2><link rel=preload as=no href=/x>`,
      ["font /f.woff2"],
    ],
    ["a preload of an image", `<link rel=preload as=image imagesrcset="/s.png 1x, /l.png 2x">`, ["image /s.png"]],
    ["a module that is preloaded", `<link rel=modulepreload href=/m.js>`, ["script /m.js"]],
    [
      "no link that is only a link",
      `<link rel=canonical href=/p><link rel=prefetch href=/q><link rel=next href=/r>`,
      [],
    ],
    ["a script", `<script src="/x.js" defer></script>`, ["script /x.js"]],
    ["a module", `<script type=module src=/x.mjs></script>`, ["script /x.mjs"]],
    [
      "no script that is data or for old browsers",
      `<script type="application/json" src=/x></script><script nomodule src=/y></script>`,
      [],
    ],
    ["an image", `<img src=" /x.png ">`, ["image /x.png"]],
    ["of an image one candidate", `<img src=/1.png srcset="/2.png 2x">`, ["image /1.png"]],
    ["without src the first", `<img srcset=", /a,b.png, /2.png 2x">`, ["image /a,b.png"]],
    [
      "of a picture the first source without a condition",
      `<picture><source media="(min-width:9px)" srcset=/w.png><source srcset=/x.webp><source srcset=/y.png><img src=/z.png></picture><img src=/n.png>`,
      ["image /x.webp", "image /n.png"],
    ],
    ["else its image", `<picture><source media=print srcset=/w.png><img src=/z.png></picture>`, ["image /z.png"]],
    ["a video with its poster", `<video src=/v.mp4 poster=/p.jpg></video>`, ["image /p.jpg", "media /v.mp4"]],
    [
      "the first source of an audio",
      `<audio><source src=/a.ogg><source src=/a.mp3></audio><source src=/no>`,
      ["media /a.ogg"],
    ],
    [
      "no video that waits for a click",
      `<video preload=none poster=/p.jpg><source src=/v.mp4></video>`,
      ["image /p.jpg"],
    ],
    ["a frame", `<iframe src=/f.html></iframe>`, ["frame /f.html"]],
    ["an input that is an image", `<input type=IMAGE src=/i.png><input type=text src=/j.png>`, ["image /i.png"]],
    ["what plugins show", `<object data=/o.svg></object><embed src=/e.pdf>`, ["other /o.svg", "other /e.pdf"]],
    [
      "drawings",
      `<svg><image href=/i.png /><use xlink:href="/s.svg#cart"/><use href="#in"/></svg>`,
      ["image /i.png", "image /s.svg"],
    ],
    [
      "backgrounds",
      `<body background=/b.png style="background:url('/c.png')"><p style="background: url(&quot;/d.png&quot;)">`,
      ["image /b.png", "image /c.png", "image /d.png"],
    ],
    [
      "what a style element names",
      `<style>@import "i.css"; p { background: url(p.png) }</style>`,
      ["style /a/i.css", "image /a/p.png"],
    ],
    ["entities in URLs", `<img src="/x?a=1&amp;b=2&copy=3">`, ["image /x?a=1&b=2&copy=3"]],
    [
      "each once, without the fragment",
      `<img src=/x.png><img src="../x.png#a"><img src="http://SHOP.test:80/x.png">`,
      ["image /x.png"],
    ],
    [
      "other hosts",
      `<img src="//cdn.test/x.png"><script src="https://cdn.test:8443/y.js"></script>`,
      ["image http://cdn.test/x.png", "script https://cdn.test:8443/y.js"],
    ],
    [
      "nothing of other schemes",
      `<img src="data:image/png;base64,AA"><img src="blob:x"><iframe src="about:blank"></iframe><iframe src="javascript:1"></iframe><img src="ftp://x/y"><img src="http://">`,
      [],
    ],
    [
      "not the page itself, nothing empty",
      `<iframe src="page.html?x=1"></iframe><img src=""><img src="#top"><img>`,
      [],
    ],
    [
      "nothing in comments, noscript, templates and texts",
      `<!-- <img src=/1> --><noscript><img src=/2></noscript><template><img src=/3></template><script>"<img src=/4>"</script><textarea><img src=/5></textarea><img src=/6>`,
      ["image /6"],
    ],
    ["the first of equal attributes", `<img src=/1 src=/2>`, ["image /1"]],
    [
      "of a broken page what is whole",
      `<img src="/1.png"></b></b><p><b><img src=/2.png></p><img src="/3.png`,
      ["image /1.png", "image /2.png"],
    ],
  ])("%s", (_name, text, found) => {
    expect(list(text)).toEqual(found);
  });

  test("the first base is what references are relative to", () => {
    const text = `<img src=0.png><base href="/b/"><base href="/c/"><img src=1.png><style>a{background:url(2.png)}</style>`;
    expect(list(text)).toEqual(["image /a/0.png", "image /b/1.png", "image /b/2.png"]);
    expect(list(`<base href="//cdn.test/d/"><img src=1.png>`)).toEqual(["image http://cdn.test/d/1.png"]);
    expect(list(`<base target=x><img src=1.png>`)).toEqual(["image /a/1.png"]);
  });
});

describe("what a stylesheet names", () => {
  test.each<[name: string, text: string, found: readonly string[]]>([
    [
      "imports",
      `@import "a.css"; @import url(b.css) screen; @import url('c.css');`,
      ["style /a/a.css", "style /a/b.css", "style /a/c.css"],
    ],
    ["an import once", `@import "a.css" supports(x: "b.css"); p{}`, ["style /a/a.css"]],
    [
      "images",
      `p{background:url( "i.png" )} q{cursor:URL(j.cur), auto; content: "url(k.png)"}`,
      ["image /a/i.png", "image /a/j.cur"],
    ],
    [
      "of a font the file for browsers of today",
      `@font-face{font-family:"F";src:url(f.eot);src:url("f.eot?#iefix") format("x"),url(f.woff2?v=1) format("woff2"),url(f.ttf)} p{background:url(i.png)}`,
      ["font /a/f.woff2?v=1", "image /a/i.png"],
    ],
    [
      "else the last",
      `@font-face{src:url(f.otf),url(f.ttf)}@font-face{src:local("x"),url(g.woff)}`,
      ["font /a/f.ttf", "font /a/g.woff"],
    ],
    [
      "nothing in comments and namespaces",
      `@namespace url(http://w3.test/x); /* url(a.png) */ p{/**/background:url(b.png)} /* url(c.png)`,
      ["image /a/b.png"],
    ],
    [
      "nothing that is inside",
      `p{background:url(data:image/png;base64,AA==)} q{filter:url(#f)} r{background:url()}`,
      [],
    ],
  ])("%s", (_name, text, found) => {
    expect(list(text, readStylesheet)).toEqual(found);
  });
});

test("a page of 10,000 images gives 5,000 and says so", () => {
  const found = read(Array.from({ length: 10_000 }, (_, place) => `<img src=${place}.png>`).join(""), address);
  expect([found.assets.length, found.overflows, found.assets.at(-1)?.address]).toEqual([
    5_000,
    true,
    "http://shop.test/a/4999.png",
  ]);
});

test("of a page of more than 2,000,000 characters the beginning is read", () => {
  expect(list(`<img src=/1.png>${" ".repeat(2_000_000)}<img src=/2.png>`)).toEqual(["image /1.png"]);
});

test("no text makes the readers fail, and what they find is whole", () => {
  const piece = fc.constantFrom(
    ..."<>\"'=&;/!-{}()@ \n#".split(""),
    "<img src=",
    "<style>",
    "</style>",
    "<base href=",
    "<picture>",
    "<source srcset=",
    "url(",
    "@import ",
    "@font-face{",
    "http://",
    "/*",
    "*/",
    "&amp;",
    "a",
    "\ud800",
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
      for (const reader of [read, readStylesheet]) {
        const { assets } = reader(pieces.join(""), address);
        const addresses = assets.map((asset) => asset.address);
        expect(new Set(addresses).size).toBe(addresses.length);
        for (const found of addresses) expect(URL.parse(found)?.protocol).toMatch(/^https?:$/);
      }
    }),
  );
});

test("what has not changed is not read again", () => {
  let reads = 0;
  const remembering = rememberReading((text, from) => {
    reads++;
    return read(text, from);
  });
  const found = (text: string, from = address): string[] =>
    remembering(text, from).assets.map((asset) => asset.address);
  expect(found("<img src=/1>")).toEqual(["http://shop.test/1"]);
  expect(found("<img src=/1>")).toEqual(["http://shop.test/1"]);
  expect(reads).toBe(1);
  expect(found("<img src=/2>")).toEqual(["http://shop.test/2"]);
  expect(found("<img src=/2>", "http://other.test/")).toEqual(["http://other.test/2"]);
  expect(reads).toBe(3);
  // Of the oldest as much is forgotten as the bound asks for.
  const small = rememberReading((text, from) => {
    reads++;
    return read(text, from);
  }, 25);
  reads = 0;
  for (const from of ["http://a/", "http://b/", "http://b/", "http://c/", "http://b/", "http://a/"]) {
    small("<img src=/1>", from);
  }
  expect(reads).toBe(4);
});

import { type DemoRequest, sendError } from "./answer.ts";

const page = `<!doctype html>
<html><head><title>Demo site</title>
<link rel="stylesheet" href="/site/style.css">
<link rel="icon" href="/site/icon.svg">
<script src="/site/app.js" defer></script>
</head><body>
<h1>Demo site</h1>
${[1, 2, 3, 4, 5, 6, 7, 8].map((id) => `<img src="/site/photo-${id}.svg" alt="Photo ${id}">`).join("\n")}
</body></html>
`;

const style = `@font-face { font-family: Demo; src: url(demo.woff2) format("woff2"), url(demo.ttf) format("truetype"); }
body { font-family: Demo, sans-serif; background: url(back.svg); }
`;

const drawing = `<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64"><circle cx="32" cy="32" r="30"/></svg>\n`;

const types: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  css: "text/css",
  js: "text/javascript",
  svg: "image/svg+xml",
  woff2: "font/woff2",
};

/** `/site/`: a page and what it names: a stylesheet with a font and a picture of its own, a script, an icon, eight pictures. */
export function createSite(): (request: DemoRequest) => void {
  const files = new Map<string, string>([
    ["", page],
    ["style.css", style],
    ["app.js", 'console.log("demo");\n'],
    ["icon.svg", drawing],
    ["back.svg", drawing],
    ["demo.woff2", "not a font, but as long as a small one".repeat(200)],
    ...[1, 2, 3, 4, 5, 6, 7, 8].map((id): [string, string] => [`photo-${id}.svg`, drawing]),
  ]);
  return ({ response, rest }) => {
    const name = rest.join("/");
    const file = files.get(name);
    if (file === undefined) return sendError(response, 404, "GET /site/ is the page");
    const type = types[name.split(".").at(-1) || "html"];
    response.writeHead(200, { "content-type": type, "content-length": Buffer.byteLength(file) });
    response.end(file);
  };
}

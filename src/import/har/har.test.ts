import { expect, test } from "vitest";
import { importText } from "../../../test/support/imported.ts";

async function importPost(postData: object) {
  const request = { method: "POST", url: "http://a.test/up", headers: [], postData };
  const { workflow, files, leftOut, problems } = await importText(
    "har",
    JSON.stringify({ log: { entries: [{ request }] } }),
  );
  expect(problems).toEqual([]);
  const config = JSON.stringify(workflow["steps"]);
  return { config, files, left: leftOut.map(({ what }) => what) };
}

const part = (head: string, content: string): string =>
  `--B\r\nContent-Disposition: form-data; ${head}\r\n\r\n${content}\r\n`;

test("a multipart text is a form again: files have what was recorded of them", async () => {
  const text =
    part('name="a"', "1 ${x}\r\n2") +
    part('name="f"; filename="../n\u00e4me %22q%22.txt"\r\nContent-Type: text/plain', "held") +
    part('name="g"; filename="photo.png"\r\nContent-Type: image/png', "");
  const { config, files, left } = await importPost({
    mimeType: "multipart/form-data; boundary=B",
    text: `${text}--B--\r\n`,
  });
  expect(config).toContain('"multipart":{"a":"1 $${x}\\r\\n2","f":{"file":"näme _q_.txt"');
  expect(config).toContain('"name":"näme \\"q\\".txt","content_type":"text/plain"');
  expect([...files].map(([name, content]) => [name, String(content)])).toEqual([["näme _q_.txt", "held"]]);
  expect(left).toContain("the file photo.png of the field g");
});

test("bytes that are no text are a file; a form that is broken stays a text", async () => {
  const bytes = await importPost({ mimeType: "image/png", text: "//8A", encoding: "base64" });
  expect(bytes.config).toContain('"body":{"file":"body.bin"}');
  expect(bytes.files.get("body.bin")).toEqual(Buffer.from([255, 255, 0]));
  const broken = await importPost({ mimeType: "multipart/form-data; boundary=B", text: part('name="a"', "1") });
  expect(broken.config).toContain('"body":"--B');
});

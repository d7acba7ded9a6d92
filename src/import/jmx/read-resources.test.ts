import { expect, test } from "vitest";
import { createDraft } from "../draft.ts";
import { createJmxText } from "./jmx-text.ts";
import { readResources } from "./read-resources.ts";

function read(props: Readonly<Record<string, string>>) {
  const draft = createDraft();
  const resources = readResources((name) => props[name] ?? "", createJmxText(draft), "home", draft);
  return {
    resources,
    leftOut: draft
      .finish({ steps: [{ type: "http", config: { url: "http://a/" } }] })
      .leftOut.filter(({ where }) => where === "home"),
  };
}

test.each<[props: Readonly<Record<string, string>>, resources: object]>([
  [{ embedded_url_re: "a" }, {}],
  [{ image_parser: "true" }, { resources: { required: true } }],
  [
    { image_parser: "true", embedded_url_re: "https?://shop\\.test/.*", embedded_url_exclude_re: "(?i).*ads.*" },
    {
      resources: {
        required: true,
        include: "^(?:https?://shop\\.test/.*)$",
        exclude: "^(?:(?i:.*ads.*))$",
      },
    },
  ],
  [
    { image_parser: "true", embedded_url_re: "http://${host}/.*" },
    { resources: { required: true, include: "^(?:http://${host}/.*)$" } },
  ],
])("%j becomes %j", (props, resources) => {
  expect(read(props)).toEqual({ resources, leftOut: [] });
});

test("with a pattern that cannot be said nothing is loaded, and the list says why", () => {
  const { resources, leftOut } = read({ image_parser: "true", embedded_url_exclude_re: "a(?>b)" });
  expect(resources).toEqual({});
  expect(leftOut).toEqual([{ what: "the embedded resources", where: "home", why: "`a(?>b)` is no pattern of ours" }]);
});

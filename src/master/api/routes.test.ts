import { expect, test } from "vitest";
import { controlRoutes } from "./control-routes.ts";
import { findRole } from "./route.ts";
import { routes } from "./routes.ts";

test("what a request needs: to read, to steer, to manage, to join; forgetting an execution is an admin's", () => {
  const byRole = Map.groupBy(Object.entries(routes), ([, { role }]) => role);
  const names = (role: "anyone" | "operator" | "admin" | "slave") => byRole.get(role)?.map(([name]) => name);
  expect(names("anyone")).toEqual(["getHealth", "getReadiness", "getDocument", "getDocumentPage", "getDocumentStyle"]);
  expect(names("operator")).toEqual([
    "submitWorkflow",
    "stopWorkflow",
    "pauseExecution",
    "resumeExecution",
    "scaleExecution",
    "stopExecution",
  ]);
  expect(names("admin")).toEqual(["drainSlave", "undrainSlave", "backUp"]);
  expect(names("slave")).toEqual(["getInput", "joinAsSlave"]);
  const { stopExecution } = controlRoutes;
  const needed = [{}, { purge: "false" }, { purge: "true" }, { purge: "" }, { purge: ["false", "true"] }];
  expect(needed.map((query) => findRole(stopExecution, query))).toEqual([
    "operator",
    "operator",
    "admin",
    "admin",
    "admin",
  ]);
});

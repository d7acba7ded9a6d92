import { expect, test } from "vitest";
import { completeWorkflow } from "../../test/support/workflow-fixtures.ts";
import { createMemoryStore } from "../store/memory.ts";
import { createArchive } from "./archive.ts";
import { createRow } from "./stored-execution.ts";

const day = 24 * 3_600_000;

test("old executions are forgotten, then the oldest beyond the count; those that run never are", async () => {
  const store = createMemoryStore();
  const archive = createArchive(store);
  const workflow = completeWorkflow();
  const put = async (id: string, ageDays: number, status: "completed" | "running") => {
    const createdAt = 100 * day - ageDays * day;
    await store.putDocument(id, "submission", { workflow, env: {}, hadSecrets: false, queue: false });
    await store.putIndex(
      createRow({ id, workflow, createdAt, vus: 1 }, status, status === "running" ? null : createdAt),
    );
  };
  await put("ancient", 40, "completed");
  await put("ancient but running", 50, "running");
  for (let age = 1; age <= 5; age++) await put(`age ${age}`, age, "completed");
  const forgotten = await archive.retain(100 * day, { maxAgeMs: 30 * day, maxExecutions: 3 });
  expect(forgotten).toBe(3);
  const left = await archive.listAll({});
  expect(left.map(({ executionId }) => executionId)).toEqual(["age 1", "age 2", "age 3", "ancient but running"]);
  expect(await archive.submission("ancient")).toBeNull();
  // Many that wait push none out that has ended.
  for (let at = 0; at < 4; at++) await put(`waiting ${at}`, 0, "running");
  expect(await archive.retain(100 * day, { maxAgeMs: 30 * day, maxExecutions: 3 })).toBe(0);
  await store.close();
});

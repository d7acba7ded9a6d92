import { expect, test } from "vitest";
import { createTurnedClock } from "../../test/support/turned-clock.ts";
import { completeWorkflow } from "../../test/support/workflow-fixtures.ts";
import { EngineError } from "../errors.ts";
import { createRecorder } from "../measure/thread-recorder.ts";
import type { JsonObject } from "../protocol/json.ts";
import { fillConnections } from "./fill-connections.ts";
import { findReferences } from "./references.ts";
import { stepCompilers } from "./step-compilers.ts";
import { noFeeds } from "../data/feeds.ts";
import { noMeetings } from "./rendezvous/meetings.ts";

function fill(own: Record<string, JsonObject>, slaves: Record<string, JsonObject> = {}) {
  const clock = createTurnedClock();
  const workflow = completeWorkflow({ connections: own, variables: { host: "db-${env.ZONE}" } });
  const context = {
    workflow,
    inputs: { env: { ZONE: "a" }, secrets: { PASSWORD: "hunter2" } },
    slaveId: "slave-1",
    files: new Map(),
    feeds: noFeeds,
    meetings: noMeetings,
    recorder: createRecorder({ clock, masker: (text: string) => text }),
    clock,
    random: () => 0.5,
    log: () => undefined,
    permit: { maySend: () => true, refuses: () => null },
    connections: slaves,
    opensFiles: false,
    threads: 1,
    masker: (text: string) => text,
  };
  return fillConnections(context, findReferences(workflow, stepCompilers));
}

test("a workflow's connections read variables, env and secrets once; a slave's stand beside them", () => {
  const shop = { driver: "mysql", dsn: "mysql://root:${secret.PASSWORD}@${host}/shop", pool: 5 };
  expect(fill({ shop }, { shop: { driver: "sqlite" }, stock: { driver: "redis" } })).toEqual({
    shop: { driver: "mysql", dsn: "mysql://root:hunter2@db-a/shop", pool: 5 },
    stock: { driver: "redis" },
  });
});

test("a connection that reads what only a VU has is refused with its name", () => {
  let error: unknown;
  try {
    fill({ shop: { dsn: "mysql://${secret.PASSWORD}@${nothing.here}" } });
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toBeInstanceOf(EngineError);
  expect((error as EngineError).code).toBe("template");
  expect((error as EngineError).message).toMatch(/^connections\.shop: .*nothing/);
  expect((error as EngineError).message).not.toContain("hunter2");
});

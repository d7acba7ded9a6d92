import { expect, test } from "vitest";
import type { TargetSlaves } from "../protocol/workflow.ts";
import type { RegisteredSlave } from "./registered-slave.ts";
import { type SlaveNeeds, selectSlaves } from "./select-slaves.ts";

interface SlaveSketch {
  readonly max?: number | null;
  readonly held?: number;
  readonly state?: RegisteredSlave["state"];
  readonly labels?: Readonly<Record<string, string>>;
  readonly can?: readonly string[];
}

function sketch(
  id: string,
  { max = 100, held = 0, state = "online", labels = {}, can }: SlaveSketch = {},
): RegisteredSlave {
  return {
    card: {
      id,
      type: "worker",
      address: "",
      capabilities: can ?? ["http_executor", "script_executor"],
      labels,
      max_vus: max,
    },
    version: "1",
    instance: id,
    state: state === "online" && max !== null && held >= max ? "busy" : state,
    status: null,
    drained: false,
    heldVus: held,
    tasks: 0,
    lastSeen: 0,
  };
}

function ask(target: Partial<TargetSlaves>, vus = 10, capabilities = ["http_executor"]): SlaveNeeds {
  return {
    target: { mode: "auto", slaveIds: [], labels: {}, capabilities: [], minSlaves: 1, maxSlaves: null, ...target },
    capabilities,
    vus,
  };
}

/** The chosen ids with their room, or the error's words. */
function select(slaves: readonly RegisteredSlave[], needs: SlaveNeeds): string {
  const selection = selectSlaves(slaves, needs);
  if ("error" in selection) {
    expect(selection.error.code).toBe("scheduling_failed");
    expect(selection.error.hint).not.toBeNull();
    return selection.error.message;
  }
  return selection.chosen.map(({ id, free }) => `${id}:${free}`).join(" ");
}

const east = { region: "cn-east", env: "prod" };
const two = [sketch("b"), sketch("a")];

test.each<[what: string, slaves: readonly RegisteredSlave[], needs: SlaveNeeds, expected: string]>([
  ["auto takes all, equal load by id", two, ask({}), "a:100 b:100"],
  ["auto, least load first", [sketch("a", { held: 50 }), sketch("b", { max: 400, held: 100 })], ask({}), "b:300 a:50"],
  ["auto without a slave", [], ask({}), "not enough slaves available: need 1, have 0"],
  [
    "auto, all offline",
    [sketch("a", { state: "offline" })],
    ask({ minSlaves: 2 }),
    "not enough slaves available: need 2, have 0",
  ],
  [
    "a draining one is not online",
    [sketch("a", { state: "draining" })],
    ask({}),
    "not enough slaves available: need 1, have 0",
  ],
  ["fewer than min_slaves", two, ask({ minSlaves: 3 }), "not enough slaves available: need 3, have 2"],
  [
    "a busy one does not count in auto",
    [sketch("a"), sketch("b", { held: 100 })],
    ask({ minSlaves: 2 }),
    "not enough slaves available: need 2, have 1",
  ],
  ["at most max_slaves", two, ask({ maxSlaves: 1 }), "a:100"],
  ["never more slaves than VUs", two, ask({}, 1), "a:100"],
  ["as many VUs as min_slaves", two, ask({ minSlaves: 2 }, 2), "a:100 b:100"],
  [
    "fewer VUs than min_slaves",
    two,
    ask({ minSlaves: 2 }, 1),
    "not enough VUs for target_slaves.min_slaves: need 2, have 1",
  ],
  ["all busy: capacity", [sketch("a", { held: 100 })], ask({}, 5), "not enough capacity: need 5 VUs, have 0"],
  ["too few VUs", two, ask({}, 201), "not enough capacity: need 201 VUs, have 200"],
  ["an unlimited one has room", [sketch("local", { max: null })], ask({}, 5_000), `local:${Number.MAX_SAFE_INTEGER}`],
  ["manual, in the given order", two, ask({ mode: "manual", slaveIds: ["b", "a"] }), "b:100 a:100"],
  ["manual, unknown", two, ask({ mode: "manual", slaveIds: ["a", "x", "y"] }), "slave not found: x"],
  [
    "manual, offline",
    [sketch("a"), sketch("b", { state: "offline" })],
    ask({ mode: "manual", slaveIds: ["a", "b"] }),
    "slave is not online: b",
  ],
  [
    "manual, draining",
    [sketch("a", { state: "draining" })],
    ask({ mode: "manual", slaveIds: ["a"] }),
    "slave is not online: a",
  ],
  [
    "manual, busy ones are online",
    [sketch("a", { held: 100 }), sketch("b")],
    ask({ mode: "manual", slaveIds: ["a", "b"], minSlaves: 2 }),
    "b:100",
  ],
  [
    "manual, one cannot do it",
    [sketch("a"), sketch("b", { can: [] })],
    ask({ mode: "manual", slaveIds: ["a", "b"] }),
    "no slaves found with capabilities: http_executor",
  ],
  [
    "label, all must match",
    [sketch("a", { labels: { region: "cn-east" } }), sketch("b", { labels: east })],
    ask({ mode: "label", labels: east }),
    "b:100",
  ],
  [
    "label, nobody: sorted",
    two,
    ask({ mode: "label", labels: east }),
    "no slaves found matching labels: env=prod,region=cn-east",
  ],
  [
    "label, none there at all",
    [],
    ask({ mode: "label", labels: { zone: "a" } }),
    "no slaves found matching labels: zone=a",
  ],
  [
    "label, busy ones are online",
    [sketch("a", { labels: east, held: 100 }), sketch("b", { labels: east })],
    ask({ mode: "label", labels: east, minSlaves: 2 }),
    "b:100",
  ],
  [
    "label and min_slaves",
    [sketch("a", { labels: east })],
    ask({ mode: "label", labels: east, minSlaves: 3 }),
    "not enough slaves available: need 3, have 1",
  ],
  [
    "a label's name is no property of objects",
    two,
    ask({ mode: "label", labels: { constructor: "x" } }),
    "no slaves found matching labels: constructor=x",
  ],
  [
    "capability, in the given order",
    two,
    ask({ mode: "capability", capabilities: ["mq_executor", "db_executor"] }),
    "no slaves found with capabilities: mq_executor,db_executor",
  ],
  [
    "capability",
    [sketch("a"), sketch("b", { can: ["db_executor", "http_executor"] })],
    ask({ mode: "capability", capabilities: ["db_executor"] }),
    "b:100",
  ],
  ["what the steps need applies in auto", [sketch("a", { can: ["db_executor"] }), sketch("b")], ask({}), "b:100"],
  [
    "what the steps need, in their order",
    two,
    ask({}, 1, ["http_executor", "db_executor", "mq_executor"]),
    "no slaves found with capabilities: http_executor,db_executor,mq_executor",
  ],
  [
    "those of target_slaves come first",
    two,
    ask({ mode: "capability", capabilities: ["mq_executor"] }, 1, ["db_executor"]),
    "no slaves found with capabilities: mq_executor",
  ],
  [
    "label and capability together",
    [sketch("a", { labels: east }), sketch("b", { can: ["db_executor", "http_executor"] })],
    ask({ mode: "label", labels: east, capabilities: ["db_executor"] }),
    "no slaves found with capabilities: db_executor",
  ],
])("%s", (_what, slaves, needs, expected) => {
  expect(select(slaves, needs)).toBe(expected);
});

test("only a lack of capacity is worth waiting for", () => {
  expect(selectSlaves([sketch("a", { held: 95 })], ask({}))).toMatchObject({ lacks: "room" });
  expect(selectSlaves([], ask({}))).toMatchObject({ lacks: "slaves" });
});

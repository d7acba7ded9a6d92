import { type Hello, linkLimits, type SlaveCard, type SlaveStatus, type ToMaster, type ToSlave } from "./link.ts";
import {
  type Check,
  fields,
  flag,
  list,
  Misfit,
  name,
  oneOf,
  orNull,
  real,
  table,
  text,
  variants,
  whole,
} from "./link-check.ts";
import { checkFact } from "./link-fact.ts";
import { writeFrame } from "./link-frame.ts";
import { checkOrder, checkStamp } from "./link-order.ts";
import { readJson, writeJson } from "./link-text.ts";

/** A message that was taken, or why it was not: `fact.frame.series[3].sum: takes …, not …`. */
export type Decoded<T> = { readonly message: T } | { readonly refusal: string };

const label = text(linkLimits.nameLength);

const slaveId: Check<string> = (value) => {
  const id = name(value);
  if (!/^[\p{L}\p{M}\p{N}_-]{1,64}$/u.test(id)) throw new Misfit("takes letters, digits, _ and -, at most 64");
  return id;
};

const card: Check<SlaveCard> = fields<SlaveCard>({
  id: slaveId,
  type: oneOf("worker"),
  address: label,
  capabilities: list(name, linkLimits.cardEntries),
  labels: table(label, linkLimits.cardEntries),
  max_vus: orNull(whole(1)),
});

const status: Check<SlaveStatus> = fields<SlaveStatus>({
  cpu: real(0, 1),
  memory: real(),
  event_loop_lag_ms: real(),
  active_vus: whole(),
  draining: flag,
});

const nothing = fields<Record<never, never>>({});

const hello: Check<Omit<Hello, "type">> = fields({
  version: whole(),
  engine: name,
  instance: name,
  slave: card,
  drained: flag,
});

const toMaster: Check<ToMaster> = variants<ToMaster>({
  hello,
  status: fields({ status }),
  fact: fields({ execution: name, incarnation: whole(1), fact: checkFact }),
  log: fields({ execution: name, level: oneOf("debug", "info", "warn", "error"), message: text() }),
  probe_answer: nothing,
});

const toSlave: Check<ToSlave> = variants<ToSlave>({
  welcome: fields({ timeoutMs: real(1, 1e9), intervalMs: real(1, 1e9), masterId: name, ticket: name }),
  refused: fields({ error: name, message: text() }),
  order: fields({ stamp: checkStamp, order: checkOrder }),
  probe: nothing,
  drain: fields({ draining: flag }),
});

/** The text of a message of a slave. */
export function encodeToMaster(message: ToMaster): string {
  if (message.type !== "fact") return JSON.stringify(message);
  const { fact } = message;
  if (fact.type !== "frame") return writeJson(message);
  return JSON.stringify({ ...message, fact: { type: "frame", frame: writeFrame(fact.frame) } });
}

/** The text of a message of a master. */
export function encodeToSlave(message: ToSlave): string {
  return writeJson(message);
}

/** A slave's text, checked whole: numbers in range, counts that add up, nothing unknown. Never throws. */
export function decodeToMaster(received: string): Decoded<ToMaster> {
  return decode(received, toMaster);
}

/** A master's text; of a workflow only what the split counts with is checked. Never throws. */
export function decodeToSlave(received: string): Decoded<ToSlave> {
  return decode(received, toSlave);
}

function decode<T>(received: string, check: Check<T>): Decoded<T> {
  const read = readJson(received);
  if ("refusal" in read) return read;
  try {
    return { message: check(read.value) };
  } catch (error) {
    if (error instanceof Misfit) return { refusal: error.describe() };
    throw error;
  }
}

import { Type } from "./type.ts";
import type { DrainAnswer, MasterStatus, Slave, SlaveList } from "../../../protocol/rest.ts";
import { exactly, mapOf, oneOf, orNull, schemaOf } from "./schema.ts";
import { count, milliseconds, moment, share } from "./values.ts";

const state = () => oneOf(["online", "busy", "draining", "offline"], { description: "busy: no free VUs" });

export const slave = schemaOf<Slave>()(
  "Slave",
  exactly({
    id: Type.String(),
    type: oneOf(["worker", "gateway", "aggregator"]),
    address: Type.String(),
    version: Type.String(),
    capabilities: Type.Array(Type.String()),
    labels: mapOf(Type.String()),
    max_vus: orNull(count("null: no limit")),
    status: Type.Object(
      {
        state: state(),
        load: share("Share of `max_vus` in use"),
        active_vus: count(),
        active_tasks: count("Executions it takes part in"),
        cpu: orNull(share("Share of its processors")),
        memory: orNull(count("Resident bytes")),
        event_loop_lag_ms: orNull(milliseconds()),
        last_seen: moment(),
      },
      { additionalProperties: false, title: "SlaveStatus" },
    ),
  }),
);

export const slaveList = schemaOf<SlaveList>()("SlaveList", exactly({ slaves: Type.Array(slave), total: count() }));

export const drainAnswer = schemaOf<DrainAnswer>()(
  "DrainAnswer",
  exactly({ success: Type.Literal(true), state: state() }),
);

export const masterStatus = schemaOf<MasterStatus>()(
  "MasterStatus",
  exactly({
    id: Type.String(),
    version: Type.String(),
    ready: Type.Boolean(),
    uptime_ms: milliseconds(),
    store: Type.String({ description: "The kind of its store" }),
    executions: exactly({ active: count(), pending: count() }),
    max_executions: count(),
    slaves: exactly({ online: count(), busy: count(), draining: count(), offline: count() }),
    warnings: Type.Array(Type.String(), { description: "What the operator should know" }),
  }),
);

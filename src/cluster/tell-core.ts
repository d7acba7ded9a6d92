import type { Order } from "../protocol/message.ts";
import type { FleetEffect, FleetState } from "./fleet-state.ts";
import { advanceOwner, type OwnerEvent } from "./owner.ts";
import type { Instant } from "./owner-state.ts";

/** Feeds the phases; any change of theirs is written. */
export function tellCore(fleet: FleetState, event: OwnerEvent, time: Instant): FleetEffect[] {
  const { core } = fleet;
  const before = describeCore(fleet);
  const effects: FleetEffect[] = [];
  for (const effect of advanceOwner(core, event, time)) {
    switch (effect.type) {
      case "order": {
        const member = fleet.members.get(effect.slaveId);
        if (member !== undefined) effects.push(stampOrder(fleet, member.id, member.incarnation, effect.order));
        break;
      }
      case "answered":
        effects.push(effect);
        break;
      case "final":
        fleet.coreEnded = true;
        break;
      case "wake":
        // The fleet's own ticks come often enough.
        break;
      default:
        effect satisfies never;
    }
  }
  if (describeCore(fleet) !== before) fleet.dirty = true;
  return effects;
}

/** An order to one source, as this owner's; the record that it follows from is known once the whole event is handled. */
export function stampOrder(fleet: FleetState, slaveId: string, incarnation: number, order: Order): FleetEffect {
  const stamp = { executionId: fleet.core.executionId, incarnation, token: fleet.token, record: 0 };
  return { type: "order", slaveId, incarnation, order, stamp };
}

/** Whatever of the core is in the record, in short. */
function describeCore({ core, coreEnded }: FleetState): string {
  const states = core.slaves.map(({ id, state, steered }) => `${id}=${state}${steered}`).join(",");
  const { phase, pausedAt, resumedAt, stopBy, lastSerial, cause, events, meetings, search } = core;
  return [
    phase,
    states,
    pausedAt,
    resumedAt,
    stopBy,
    lastSerial,
    cause?.reason,
    events.length,
    coreEnded,
    meetings,
    search?.changes,
  ].join(";");
}

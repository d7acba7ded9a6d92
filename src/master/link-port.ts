import type { FromSlave, LinkPort } from "../protocol/link.ts";
import type { Registry } from "./registered-slave.ts";
import type { Steering } from "./steering.ts";

/** Where slaves' links end: the registry decides on them, the executions hear what they say. */
export function createLinkPort(
  registry: Registry,
  steering: Pick<Steering, "takenUp" | "receive" | "receiveReport">,
): LinkPort {
  return {
    async connect(hello, link) {
      // Who is welcomed says at once all that its executions have not answered: before, nobody would hear it.
      await steering.takenUp;
      return registry.connect(hello, link);
    },
    receive(id, instance, message: FromSlave) {
      if (registry.get(id)?.instance !== instance) {
        // Its place is taken. What it measured happened all the same.
        if (message.type === "fact" && registry.reports(id, instance, message.fact.type === "frame")) {
          steering.receiveReport(id, message);
        }
        return;
      }
      registry.noteSign(id, instance);
      switch (message.type) {
        case "status":
          registry.noteStatus(id, instance, message.status);
          return;
        case "probe_answer":
          registry.noteProbeAnswer(id, instance);
          return;
        case "fact":
        case "log":
          steering.receive(id, message);
          return;
        default:
          message satisfies never;
      }
    },
    disconnect: (id, instance) => registry.disconnect(id, instance),
  };
}

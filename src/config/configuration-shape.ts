import { any, describe, map, object } from "../protocol/shape.ts";
import { addressListsShape } from "./address-lists-shape.ts";
import { authShape, tlsShape } from "./auth-shape.ts";
import { loggingShape } from "./logging-shape.ts";
import { masterShape } from "./master-shape.ts";
import { serverShape } from "./server-shape.ts";
import { slaveShape } from "./slave-shape.ts";

/** A whole configuration file. */
export const configurationShape = object({
  server: describe(serverShape, "The master's listener."),
  master: describe(masterShape, "The master."),
  slave: describe(slaveShape, "A slave, and the one inside a standalone master."),
  connections: describe(
    { ...map(map(any)), keys: /^[\p{L}\p{N}_-]{1,64}$/u, keysAccept: "a name of letters, digits, _ and -, at most 64" },
    "Databases and brokers by name, for steps that name them; they stay on the slave. Each has a `driver` with a `dsn` or " +
      "the driver's own fields; `X_env` names the environment variable with the value of field `X`.",
  ),
  logging: describe(loggingShape, "The log of masters and slaves."),
  auth: describe(authShape, "Who may speak to the master."),
  tls: describe(tlsShape, "The certificate of the master's listener."),
  access: describe(
    addressListsShape(
      "Addresses and networks whose peers the master answers, such as `10.0.0.0/8`; empty: all.",
      "Those it does not answer, also when they are allowed.",
    ),
    "Which addresses may speak to the master.",
  ),
});

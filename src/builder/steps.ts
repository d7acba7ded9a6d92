import type { StepConfigs, StepFields, StepOf, WorkflowDocument } from "./document.ts";
import { type Given, makeStep } from "./make-step.ts";

/** Makes steps of one type: `config` (or the value of its main field), then what every step takes, such as `{ id }`. */
type StepMaker<Type extends keyof StepConfigs> = (config: Given<Type>, fields?: StepFields) => StepOf<Type>;

function makerOf<Type extends keyof StepConfigs>(type: Type): StepMaker<Type> {
  return (config, fields) => makeStep(type, config, fields);
}

/** A workflow, as YAML would say it; for the compiler and the editor. What is wrong in it is told when it is loaded. */
export function workflow(document: WorkflowDocument): WorkflowDocument {
  return document;
}

/** `${name}`: the value of a variable or an expression when the workflow runs, for texts in a program. */
export function ref(expression: string): `\${${string}}` {
  return `\${${expression}}`;
}

/** Sends an HTTP request: `http({ url: "/cart", method: "POST" }, { id: "add" })`. */
export const http = makerOf("http");
/** Runs JavaScript in the sandbox. */
export const script = makerOf("script");
/** Asks a database. */
export const db = makerOf("db");
/** Publishes or consumes messages. */
export const mq = makerOf("mq");
/** Speaks over a TCP, UDP, TLS or Unix socket. */
export const socket = makerOf("socket");
/** Sends and receives messages over a WebSocket. */
export const websocket = makerOf("websocket");
/** Waits for events of a stream. */
export const sse = makerOf("sse");
/** Calls a method of a gRPC service. */
export const grpc = makerOf("grpc");
/** Waits: `sleep("1s")`. */
export const sleep = makerOf("sleep");
/** Steps that are measured together. */
export const group = makerOf("group");
/** Steps that run if an expression is true. */
export const condition = makerOf("condition");
/** Steps that run several times. */
export const loop = makerOf("loop");
/** Leaves a loop. */
export const breakLoop: (config?: Given<"break">, fields?: StepFields) => StepOf<"break"> = (config = {}, fields) =>
  makeStep("break", config, fields);
/** Goes on with the next pass of a loop. */
export const continueLoop: (config?: Given<"continue">, fields?: StepFields) => StepOf<"continue"> = (
  config = {},
  fields,
) => makeStep("continue", config, fields);
/** Steps that run side by side. */
export const parallel = makerOf("parallel");
/** One of several lists of steps, by weight or expression. */
export const switchCase = makerOf("switch");
/** Steps that are tried again until they succeed. */
export const retry = makerOf("retry");
/** Waits until an expression is true. */
export const waitUntil = makerOf("wait_until");
/** Runs a fragment or another workflow. */
export const call = makerOf("call");
/** Virtual users wait for each other, on all slaves. */
export const rendezvous = makerOf("rendezvous");

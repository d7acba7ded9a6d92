import type { Root } from "protobufjs";
import { loadProtobuf } from "./load-protobuf.ts";
import { type MessageShape, shapeOf } from "./message-shape.ts";

/** One method of a service. */
export interface Method {
  /** `/package.Service/Method`. */
  readonly path: string;
  readonly request: MessageShape;
  readonly response: MessageShape;
  /** Does it take many messages? */
  readonly takesMany: boolean;
  /** Does it give many? */
  readonly givesMany: boolean;
}

/** Throws an Error that says what is there instead. */
export function findMethod(root: Root, serviceName: string, methodName: string): Method {
  const { Service } = loadProtobuf();
  const service = root.lookup(serviceName, [Service] as unknown as readonly (new () => never)[]);
  if (!(service instanceof Service) || service.fullName !== `.${serviceName}`) {
    throw new Error(`there is no service \`${serviceName}\`; there ${printKnown(listServices(root))}`);
  }
  const method = Object.hasOwn(service.methods, methodName) ? service.methods[methodName] : undefined;
  if (method === undefined) {
    const known = Object.keys(service.methods);
    throw new Error(`\`${serviceName}\` has no method \`${methodName}\`; there ${printKnown(known)}`);
  }
  method.resolve();
  const { resolvedRequestType, resolvedResponseType } = method;
  if (resolvedRequestType === null || resolvedResponseType === null) {
    throw new Error(`the types of \`${serviceName}/${methodName}\` are not there`);
  }
  return {
    path: `/${serviceName}/${methodName}`,
    request: shapeOf(resolvedRequestType),
    response: shapeOf(resolvedResponseType),
    takesMany: method.requestStream === true,
    givesMany: method.responseStream === true,
  };
}

function listServices(root: Root): string[] {
  const { Namespace, Service } = loadProtobuf();
  const found: string[] = [];
  const visit = (namespace: InstanceType<typeof Namespace>): void => {
    for (const item of namespace.nestedArray) {
      if (item instanceof Service) found.push(item.fullName.slice(1));
      else if (item instanceof Namespace) visit(item);
    }
  };
  visit(root);
  return found;
}

function printKnown(names: readonly string[]): string {
  if (names.length === 0) return "is none";
  const shown = names.slice(0, 8).map((name) => `\`${name}\``);
  return `${names.length === 1 ? "is" : "are"} ${shown.join(", ")}${names.length > shown.length ? ", …" : ""}`;
}

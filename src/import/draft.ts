import { createHash } from "node:crypto";
import { EngineError } from "../errors.ts";
import type { Json, JsonObject } from "../protocol/json.ts";
import { importLimits } from "./import-limits.ts";
import { hideCredentials } from "./hide-credentials.ts";
import type { Imported, LeftOut } from "./importer.ts";
import { isSecretField } from "./secret-names.ts";
import { settleOrigins } from "./settle-origins.ts";
import { hasTemplate } from "./template-text.ts";
import { createUniqueNames } from "./unique-names.ts";

/** A workflow in the making: the names it gives, the secrets it needs, what it does not take over. */
export interface Draft {
  /** A new step id made of a text. */
  stepId(text: string): string;
  /** The name under which expressions read a variable of the source; noted as used. */
  use(name: string): string;
  /** Notes that a step sets this variable of the source; gives its name. */
  assign(name: string): string;
  /** Gives a variable a value; one whose name is a secret's becomes a secret. The first value stays. */
  define(name: string, value: Json): void;
  /** A template for a secret, in place of `value`: the same value has the same name. */
  secret(name: string, value: string): string;
  /** Is there room for one more step? Beyond the limit it is noted as left out. */
  hasRoom(what: string, where: string): boolean;
  /** Lists it, without the credentials of URLs. */
  leaveOut(what: string, where: string, why: string): void;
  /** Notes a header that the client writes by itself; all of them are one entry. */
  dropHeader(name: string): void;
  addFile(name: string, content: string | Uint8Array): void;
  /** Adds a file under a name like this one that no other content has; gives that name. */
  attachFile(name: string, content: string | Uint8Array): string;
  /** The whole: fields in the order given, with variables that have no value yet. */
  finish(fields: JsonObject): Imported;
}

const reserved = new Set(
  "env secret slave vu iteration response steps loop data faker true false null in matches not and or".split(" "),
);

export function createDraft(): Draft {
  const makeId = createUniqueNames(new Set());
  const makeName = createUniqueNames(new Set(reserved));
  const makeSecret = createUniqueNames(new Set());
  const takenFiles = new Set<string>();
  const makeFile = createUniqueNames(takenFiles);
  const names = new Map<string, string>();
  const variables = new Map<string, Json>();
  const used = new Set<string>();
  const assigned = new Set<string>();
  const secrets: string[] = [];
  /** By its value and what it was called, the name of a secret. */
  const secretNames = new Map<string, string>();
  const leftOut: LeftOut[] = [];
  const headers = new Set<string>();
  const files = new Map<string, string | Uint8Array>();
  /** By its name in the source and its content, the name of a file. */
  const fileNames = new Map<string, string>();
  let steps = 0;
  let unlisted = 0;

  const nameOf = (name: string): string => {
    const known = names.get(name);
    if (known !== undefined) return known;
    const made = makeName(toName(name));
    names.set(name, made);
    return made;
  };
  const leaveOut = (what: string, where: string, why: string): void => {
    if (leftOut.length < importLimits.leftOut)
      leftOut.push({ what: hideCredentials(what), where: hideCredentials(where), why: hideCredentials(why) });
    else unlisted += 1;
  };
  const secret = (name: string, value: string): string => {
    const key = toName(name).toUpperCase();
    const known = secretNames.get(`${key} ${value}`);
    if (known !== undefined) return `\${secret.${known}}`;
    const made = makeSecret(key);
    secrets.push(made);
    for (const each of [made, made.replace(/_\d+$/, "")])
      if (!secretNames.has(`${each} ${value}`)) secretNames.set(`${each} ${value}`, made);
    return `\${secret.${made}}`;
  };
  const addFile = (name: string, content: string | Uint8Array): void => {
    files.set(name, content);
    takenFiles.add(name);
    fileNames.set(describeFile(name, content), name);
  };

  return {
    stepId: (text) => makeId(toId(text)),
    use(name) {
      used.add(nameOf(name));
      return nameOf(name);
    },
    assign(name) {
      assigned.add(nameOf(name));
      return nameOf(name);
    },
    define(name, value) {
      const key = nameOf(name);
      if (variables.has(key)) return;
      const isSecret = isSecretField(name) && typeof value === "string" && value !== "" && !hasTemplate(value);
      variables.set(key, isSecret ? secret(name, value) : value);
    },
    secret,
    hasRoom(what, where) {
      steps += 1;
      if (steps <= importLimits.steps) return true;
      leaveOut(what, where, `only the first ${importLimits.steps} steps are written`);
      return false;
    },
    leaveOut,
    dropHeader: (name) => headers.add(name.toLowerCase()),
    addFile,
    attachFile(name, content) {
      const plain = toFileName(name);
      const known = fileNames.get(describeFile(plain, content));
      if (known !== undefined) return known;
      const dot = plain.lastIndexOf(".");
      const made = dot < 1 ? makeFile(plain) : makeFile(plain.slice(0, dot), plain.slice(dot));
      fileNames.set(describeFile(plain, content), made);
      addFile(made, content);
      return made;
    },
    finish(fields) {
      for (const name of used) {
        if (variables.has(name) || assigned.has(name)) continue;
        variables.set(name, "");
        leaveOut(`the value of the variable ${name}`, "variables", `the source has none; give it with -e ${name}=…`);
      }
      if (headers.size > 0)
        leaveOut(`the headers ${[...headers].sort().join(", ")}`, "all requests", "the client writes them by itself");
      if (unlisted > 0)
        leftOut.push({ what: `${unlisted} more`, where: "the source", why: "the list is at its limit" });
      const workflow = settleOrigins(fields, variables);
      if (countSteps(workflow) === 0)
        throw new EngineError("invalid_request", "there is no request in it that could be imported; see what it holds");
      return { workflow, leftOut, secrets, files };
    },
  };
}

function countSteps(workflow: JsonObject): number {
  const lists = [
    workflow["steps"],
    ...Object.values((workflow["scenarios"] ?? {}) as JsonObject).map((each) => (each as JsonObject)["steps"]),
  ];
  return lists.reduce<number>((sum, list) => sum + (Array.isArray(list) ? list.length : 0), 0);
}

function toName(text: string): string {
  const name = text
    .normalize("NFC")
    .replaceAll(/[^\p{L}\p{M}\p{N}_]+/gu, "_")
    .replace(/^_+(?=.)|_+$/g, "");
  return (/^[\p{L}_]/u.test(name) ? name : `v_${name}`).slice(0, 56);
}

function toId(text: string): string {
  const id = text
    .normalize("NFC")
    .replaceAll(/[^\p{L}\p{M}\p{N}_-]+/gu, "-")
    .replaceAll(/-{2,}/g, "-")
    .replaceAll(/^-+|-+$/g, "");
  return id.slice(0, 56).replace(/-+$/, "") || "step";
}

/** The last part of a path, of characters that every file system takes. */
function toFileName(path: string): string {
  const name = path
    .replace(/^.*[\\/]/s, "")
    .normalize("NFC")
    .replaceAll(/[^\p{L}\p{M}\p{N}._ -]+/gu, "_")
    .replace(/^[. ]+/, "")
    .slice(-80)
    .replace(/[. ]+$/, "");
  return name === "" ? "file" : name;
}

function describeFile(name: string, content: string | Uint8Array): string {
  return `${name} ${createHash("sha256").update(content).digest("base64")}`;
}

import { allows, type KeyRole } from "../src/master/access/identity.ts";
import type { Route, WebSocketRoute } from "../src/master/api/route.ts";
import { routes } from "../src/master/api/routes.ts";

const roles: readonly KeyRole[] = ["viewer", "operator", "admin", "slave"];
const begin = "<!-- roles: written by `npm run role-table` -->";
const end = "<!-- /roles -->";

/** A document with the table of roles and routes between its marks as the code has it. */
export function insertRoleTable(document: string): string {
  const [before, after] = [document.indexOf(begin), document.indexOf(end)];
  if (before < 0 || after < before) throw new Error(`the document has no ${begin} … ${end}`);
  return `${document.slice(0, before + begin.length)}\n${printRoleTable()}\n${document.slice(after)}`;
}

/** Each call of the API with a mark for each role whose key may make it. */
function printRoleTable(): string {
  const rows = Object.values(routes).flatMap(listRows);
  return [`| call | no key | ${roles.join(" | ")} |`, `| --- |${" :-: |".repeat(roles.length + 1)}`, ...rows].join(
    "\n",
  );
}

function listRows(route: Route | WebSocketRoute): string[] {
  const { method, url, alias } = route;
  const kind = "webSocket" in route ? "WebSocket" : method;
  const flags = "adminFlags" in route ? (route.adminFlags ?? []) : [];
  return [
    ...[url, ...(alias === undefined ? [] : [alias])].map((path) => printRow(`${kind} ${path}`, route.role)),
    ...flags.map((flag) => printRow(`${kind} ${url}?${flag}=true`, "admin")),
  ];
}

function printRow(call: string, needed: Route["role"]): string {
  const marks = ["anyone" === needed, ...roles.map((role) => allows(role, needed))];
  return `| \`${call}\` | ${marks.map((may) => (may ? "✓" : "")).join(" | ")} |`;
}

import { type DemoRequest, sendEmpty, sendError, sendJson } from "./answer.ts";
import { parseJson, readBody } from "./echo.ts";

/** `/basic-auth/USER/PASSWORD`: 200 with these credentials, else 401. */
export function checkBasicAuth({ message, response, rest }: DemoRequest): void {
  const [user = "", password = ""] = rest;
  const expected = `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
  if (message.headers.authorization === expected) sendJson(response, { authenticated: true, user });
  else sendError(response, 401, "wrong credentials", { "www-authenticate": 'Basic realm="demo"' });
}

/** `/bearer`: 200 with any bearer token, else 401. */
export function checkBearer({ message, response }: DemoRequest): void {
  const token = /^Bearer (.+)$/.exec(message.headers.authorization ?? "")?.[1];
  if (token === undefined) sendError(response, 401, "a bearer token is missing", { "www-authenticate": "Bearer" });
  else sendJson(response, { authenticated: true, token });
}

/** `POST /login` with `{"username", "password"}`: a token for `/bearer` and a session cookie; 401 without both. */
export async function logIn({ message, response }: DemoRequest): Promise<void> {
  if (message.method !== "POST") return sendError(response, 405, "POST to log in", { allow: "POST" });
  const body = await readBody(message);
  const { username, password } = (parseJson(body?.toString("utf8") ?? "") ?? {}) as Record<string, unknown>;
  if (typeof username !== "string" || typeof password !== "string" || username === "" || password === "") {
    return sendError(response, 401, 'send {"username": "…", "password": "…"}');
  }
  const token = Buffer.from(`token of ${username}`).toString("base64url");
  sendJson(response, { token, user: { name: username } }, 200, { "set-cookie": `session=${token}; Path=/; HttpOnly` });
}

/** `/cookies`: what the client sent; `/cookies/set?a=b` sets them and leads there. */
export function showCookies({ message, response, rest, query }: DemoRequest): void {
  if (rest[0] === "set") {
    const cookies = [...new URLSearchParams(query)].map(([name, value]) => `${name}=${value}; Path=/`);
    sendEmpty(response, 302, { location: "/cookies", "set-cookie": cookies });
    return;
  }
  const cookies: Record<string, string> = {};
  for (const pair of (message.headers.cookie ?? "").split("; ")) {
    const cut = pair.indexOf("=");
    if (cut > 0) cookies[pair.slice(0, cut)] = pair.slice(cut + 1);
  }
  sendJson(response, { cookies });
}

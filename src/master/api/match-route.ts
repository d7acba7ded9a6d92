import type { Route, WebSocketRoute } from "./route.ts";

interface Pattern {
  readonly pattern: RegExp;
  readonly route: Route | WebSocketRoute;
}

/** A route that a path belongs to, with the parts of the path that it names. */
export interface MatchedRoute {
  readonly route: Route | WebSocketRoute;
  readonly params: Readonly<Record<string, string>>;
}

/** Finds all routes of a path (no query), whatever their method; a slash at its end does not matter. */
export function createRouteMatcher(
  routes: Readonly<Record<string, Route | WebSocketRoute>>,
): (path: string) => readonly MatchedRoute[] {
  const patterns: Pattern[] = Object.values(routes).flatMap((route) =>
    (route.alias === undefined ? [route.url] : [route.url, route.alias]).map((url) => ({
      pattern: new RegExp(`^${url.replace(/:(\w+)/g, "(?<$1>[^/]+)")}/?$`),
      route,
    })),
  );
  return (path) =>
    patterns.flatMap(({ pattern, route }) => {
      const match = pattern.exec(path);
      return match === null ? [] : [{ route, params: decodeParams(match.groups ?? {}) }];
    });
}

function decodeParams(groups: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(groups).map(([name, part]) => [name, decodePart(part)]));
}

/** A part of a path that is not encoded well is no id that anybody has. */
function decodePart(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** A route of an app: one method and the path as the router knows it, such as `/v1/profiles/:id`. */
export interface Route {
  readonly method: string;
  readonly path: string;
}

/** Reads the tree that Fastify prints of its router, so that no route can be left out by a list kept by hand. */
export function routesOf(app: { printRoutes(options: { commonPrefix: true }): string }): readonly Route[] {
  const routes: Route[] = [];
  const above: string[] = [];
  for (const line of app.printRoutes({ commonPrefix: true }).split('\n')) {
    const match = /^([│ ]*)[├└]── (\S+)(?: \(([A-Z, ]+)\))?$/.exec(line);
    if (match === null) continue;
    const depth = (match[1] ?? '').length / 4;
    above.splice(depth, above.length, match[2] ?? '');
    for (const method of match[3]?.split(', ') ?? []) routes.push({ method, path: above.join('') });
  }
  return routes;
}

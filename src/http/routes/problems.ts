import { Liquid } from 'liquidjs';
import { Type } from 'typebox';
import type { App } from '../app.ts';
import { effectOf } from '../problem-kind.ts';
import { PROBLEMS } from '../problems.ts';

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>pilotlight: problems</title>
<style>
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 45rem; margin: 2rem auto; padding: 0 1rem; color-scheme: light dark }
section { border-top: 1px solid; margin-top: 1.5rem }
section:target { border-top-width: 4px }
</style>
</head>
<body>
<h1>Problems</h1>
<p>What each error means, and what to do about it. The machine is Ignition fetching its config.</p>
<ul>
{%- for problem in problems %}
<li><a href="#{{ problem.code }}">{{ problem.code }}</a></li>
{%- endfor %}
</ul>
{%- for problem in problems %}
<section id="{{ problem.code }}">
<h2>{{ problem.title }}</h2>
<p><code>{{ problem.code }}</code>, status {{ problem.status }}. {{ problem.effect }}</p>
<p>{{ problem.meaning }}</p>
<p>{{ problem.remedy }}</p>
</section>
{%- endfor %}
</body>
</html>
`;

/** The page needs no script, no picture and no other host, and nothing may frame it. */
const POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** `GET /problems`: what the `type` of a problem refers to, one section for each code. */
export function problemsRoutes(app: App): void {
  const page = problemsPage();
  app.get(
    '/problems',
    {
      schema: {
        operationId: 'getProblems',
        summary: 'Explains every error code to people',
        produces: ['text/html'],
        response: { 200: { description: 'A page', content: { 'text/html': { schema: Type.String() } } } },
        security: [],
      },
    },
    async (_request, reply) =>
      reply
        .type('text/html; charset=utf-8')
        .header('Cache-Control', 'no-store')
        .header('Content-Security-Policy', POLICY)
        .header('X-Content-Type-Options', 'nosniff')
        .send(page),
  );
}

/** The page as it is served; the same on every call. */
export function problemsPage(): string {
  const engine = new Liquid({
    outputEscape: 'escape',
    strictVariables: true,
    strictFilters: true,
    ownPropertyOnly: true,
  });
  const problems = Object.entries(PROBLEMS).map(([code, kind]) => {
    const { status, title, meaning, remedy } = kind;
    return { code, status, title, effect: effectOf(kind), meaning, remedy };
  });
  return engine.parseAndRenderSync(PAGE, { problems });
}

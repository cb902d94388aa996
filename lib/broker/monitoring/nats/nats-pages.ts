import type { MonitoringView } from '../view/monitoring-view.js';
import { htmlPage, jsonPage } from '../view/page.js';
import type { Page } from '../view/page.js';
import { gatewayz, jsz, leafz, routez } from './absent-parts.js';
import { accountz, accstatz } from './accountz.js';
import { connz } from './connz.js';
import { QueryError } from './query.js';
import { subsz } from './subsz.js';
import { varz } from './varz.js';
import type { HttpFacts } from './varz.js';

type Describe = (view: MonitoringView, query: URLSearchParams, http: HttpFacts) => object;

const pages: ReadonlyMap<string, Describe> = new Map<string, Describe>([
  ['/varz', (view, _query, http) => varz(view, http)],
  ['/jsz', jsz],
  ['/connz', connz],
  ['/accountz', accountz],
  ['/accstatz', accstatz],
  ['/subsz', subsz],
  ['/subscriptionsz', subsz],
  ['/routez', routez],
  ['/leafz', leafz],
  ['/gatewayz', gatewayz],
]);

/** The paths of the NATS server's pages, `/` among them. @internal */
export const natsPaths: readonly string[] = ['/', ...pages.keys()];

/**
 * A page of the NATS server inside; undefined where it has none at this path.
 * @internal
 */
export function natsPage(url: URL, view: MonitoringView, http: HttpFacts): Page | undefined {
  if (url.pathname === '/') return htmlPage(rootPage);
  const describe = pages.get(url.pathname);
  if (describe === undefined) return undefined;
  try {
    return jsonPage(describe(view, url.searchParams, http));
  } catch (error) {
    if (error instanceof QueryError) return error.page;
    throw error;
  }
}

const links = [
  ['varz', 'General'],
  ['jsz', 'JetStream'],
  ['connz', 'Connections'],
  ['accountz', 'Accounts'],
  ['accstatz', 'Account Stats'],
  ['subsz', 'Subscriptions'],
  ['routez', 'Routes'],
  ['leafz', 'LeafNodes'],
  ['gatewayz', 'Gateways'],
  ['streaming', 'Streaming'],
  ['healthz', 'Health Probe'],
] as const;

const rootPage = `<!doctype html>
<html lang="en">
  <head><title>STAN broker</title></head>
  <body>
    <h1>STAN broker</h1>
    <ul>
${links.map(([path, name]) => `      <li><a href="./${path}">${name}</a></li>`).join('\n')}
    </ul>
  </body>
</html>
`;

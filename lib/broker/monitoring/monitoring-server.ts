import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import type { BrokerLogger } from '../options/stan-broker.options.js';
import { channelsz, channelz } from './streaming/channelsz.js';
import { clientsz, clientz } from './streaming/clientsz.js';
import { rootPage } from './root-page.js';
import { serverz } from './streaming/serverz.js';
import { storez } from './streaming/storez.js';
import { MonitoringView } from './view/monitoring-view.js';
import type { RunningServers } from './view/monitoring-view.js';
import { natsPage, natsPaths } from './nats/nats-pages.js';
import { htmlPage, jsonPage, textPage } from './view/page.js';
import type { Page } from './view/page.js';

/**
 * The HTTP endpoints that tell about the server, with the paths and fields of nats-streaming-server.
 * @internal
 */
export class MonitoringServer {
  private http: Server | undefined;
  /** How often each path was asked for; of the known ones alone, which are few. */
  private readonly requests = new Map<string, number>();

  constructor(
    private readonly running: () => RunningServers | undefined,
    private readonly logger: BrokerLogger,
  ) {}

  get port(): number {
    return this.http !== undefined ? (this.http.address() as AddressInfo).port : 0;
  }

  /** Rejects with the system's error where the port is taken. */
  async listen(host: string, port: number): Promise<void> {
    const http = createServer((request, response) => this.respond(request, response));
    await new Promise<void>((resolve, reject) => {
      http.once('error', reject);
      http.listen(port, host, () => {
        http.off('error', reject);
        resolve();
      });
    });
    http.on('error', (error) => this.logger.error(`monitoring: ${error.message}`));
    this.http = http;
  }

  async close(): Promise<void> {
    const { http } = this;
    this.http = undefined;
    if (http === undefined) return;
    await new Promise<void>((resolve) => {
      http.close(() => resolve());
      http.closeAllConnections();
    });
  }

  private respond(request: IncomingMessage, response: ServerResponse): void {
    const page = this.pageOrFailure(request.url ?? '/');
    response.writeHead(page.status, {
      'Content-Type': page.type,
      ...(page.type === 'application/json' && { 'Access-Control-Allow-Origin': '*' }),
    });
    response.end(page.body);
  }

  /** A page that cannot be made is the fault of that page alone. */
  private pageOrFailure(path: string): Page {
    try {
      return this.pageOf(path);
    } catch (error) {
      this.logger.error(`monitoring: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
      return textPage(500, 'Internal Server Error\n');
    }
  }

  private pageOf(path: string): Page {
    const url = parseUrl(path);
    if (url === undefined) return textPage(400, 'Bad Request\n');
    const running = this.running();
    if (url.pathname === '/healthz') {
      return running !== undefined ? jsonPage({ status: 'ok' }, 0) : jsonPage({ status: 'unavailable' }, 0, 503);
    }
    if (running === undefined) return textPage(503, 'Server is not running\n');
    const view = new MonitoringView(running);
    if (!natsPaths.includes(url.pathname)) return this.streamingPage(url, view);
    this.requests.set(url.pathname, (this.requests.get(url.pathname) ?? 0) + 1);
    const http = { port: this.port, requests: Object.fromEntries(this.requests) };
    return natsPage(url, view, http) ?? this.streamingPage(url, view);
  }

  private streamingPage(url: URL, view: MonitoringView): Page {
    const query = url.searchParams;
    switch (url.pathname) {
      case '/streaming':
        return htmlPage(rootPage);
      case '/streaming/serverz':
        return jsonPage(serverz(view));
      case '/streaming/storez':
        return jsonPage(storez(view));
      case '/streaming/clientsz':
        return found(query.get('client') ? clientz(view, query) : clientsz(view, query), 'Client', query.get('client'));
      case '/streaming/channelsz':
        return found(
          query.get('channel') ? channelz(view, query) : channelsz(view, query),
          'Channel',
          query.get('channel'),
        );
      case '/streaming/isFTActive':
        return { status: 204, type: 'text/plain; charset=utf-8', body: '' };
      default:
        return textPage(404, '404 page not found\n');
    }
  }
}

function parseUrl(path: string): URL | undefined {
  try {
    return new URL(path, 'http://monitoring');
  } catch {
    return undefined; // the caller answers 400
  }
}

function found(content: object | undefined, kind: string, name: string | null): Page {
  return content !== undefined ? jsonPage(content) : textPage(404, `${kind} ${name ?? ''} not found\n`);
}

import type { IncomingMessage, Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { InvalidOptionError, MonitoringError } from '../../../lib/core/errors/index.js';
import { StanMonitoring } from '../../../lib/monitoring/index.js';

interface Reply {
  readonly status?: number;
  readonly body: unknown;
}

let server: Server | undefined;

/** A port on loopback that answers as told, and what it was asked. */
async function serve(reply: (request: IncomingMessage) => Reply | undefined) {
  const asked: string[] = [];
  const headers: (string | undefined)[] = [];
  server = createServer((request, response) => {
    asked.push(request.url ?? '');
    headers.push(request.headers.authorization);
    const given = reply(request);
    if (given === undefined) return;
    response.statusCode = given.status ?? 200;
    response.end(typeof given.body === 'string' ? given.body : JSON.stringify(given.body));
  });
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  return { url: `127.0.0.1:${(server.address() as AddressInfo).port}`, asked, headers };
}

async function failureOf(call: Promise<unknown>): Promise<MonitoringError> {
  const error: unknown = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(MonitoringError);
  return error as MonitoringError;
}

afterEach(async () => {
  const closing = server;
  server = undefined;
  closing?.closeAllConnections();
  await new Promise((resolve) => (closing ? closing.close(resolve) : resolve(undefined)));
});

describe('StanMonitoring', () => {
  it("returns what the server says in the server's own words", async () => {
    const serverz = { cluster_id: 'c', version: '0.25.6', clients: 2 };
    const { url, asked } = await serve(() => ({ body: serverz }));
    expect(await new StanMonitoring({ url: `http://${url}` }).serverz()).toEqual(serverz);
    expect(asked).toEqual(['/streaming/serverz']);
  });

  it('asks for pages, rows and subscriptions as the endpoints want it', async () => {
    const page = { total: 0, clients: [], limits: {}, id: 'a', name: 'a' };
    const { url, asked } = await serve(() => ({ body: page }));
    const monitoring = new StanMonitoring({ url: `http://${url}/` });
    await monitoring.storez();
    await monitoring.clientsz({ limit: 5, offset: 10 });
    await monitoring.clientz('orders-0', { subscriptions: true });
    await monitoring.channelsz({ subscriptions: true });
    await monitoring.channelz('a&b');
    expect(asked).toEqual([
      '/streaming/storez',
      '/streaming/clientsz?limit=5&offset=10',
      '/streaming/clientsz?client=orders-0&subs=1',
      '/streaming/channelsz?subs=1',
      '/streaming/channelsz?channel=a%26b',
    ]);
  });

  it('walks through all pages', async () => {
    const names = Array.from({ length: 2_500 }, (_, index) => ({ id: `c${index}`, name: `c${index}` }));
    const { url, asked } = await serve((request) => {
      const offset = Number(new URL(request.url ?? '', 'http://h').searchParams.get('offset'));
      const rows = names.slice(offset, offset + 1_024);
      return { body: { total: names.length, clients: rows, channels: rows } };
    });
    const monitoring = new StanMonitoring({ url: `http://${url}` });
    const ids: string[] = [];
    for await (const { id } of monitoring.clients()) ids.push(id);
    expect(ids).toEqual(names.map(({ id }) => id));
    const channels: string[] = [];
    for await (const { name } of monitoring.channels()) channels.push(name);
    expect(channels).toHaveLength(2_500);
    expect(asked).toHaveLength(6);
  });

  it('reads no channels at all, where the server leaves the list out', async () => {
    const { url } = await serve(() => ({ body: { total: 0 } }));
    const found: unknown[] = [];
    for await (const channel of new StanMonitoring({ url: `http://${url}` }).channels()) found.push(channel);
    expect(found).toEqual([]);
  });

  it('knows a row that is not there from a port that is not the right one', async () => {
    const { url } = await serve(({ url: path }) => ({
      status: 404,
      body: path?.includes('=gone')
        ? `${path.includes('client=') ? 'Client' : 'Channel'} gone not found`
        : '404 page not found',
    }));
    const monitoring = new StanMonitoring({ url: `http://${url}` });
    expect(await monitoring.clientz('gone')).toBeUndefined();
    expect(await monitoring.channelz('gone')).toBeUndefined();
    expect(await failureOf(monitoring.channelz('page'))).toMatchObject({ status: 404, reason: 'HTTP 404' });
    expect(await failureOf(monitoring.serverz())).toMatchObject({ status: 404 });
  });

  it('sends credentials as a header, and never shows them', async () => {
    const { url, headers } = await serve(() => ({ status: 500, body: 'no' }));
    const error = await failureOf(new StanMonitoring({ url: `http://app:s%40cret@${url}` }).serverz());
    expect(headers).toEqual([`Basic ${Buffer.from('app:s@cret').toString('base64')}`]);
    expect(error.reason).toBe('HTTP 500 no');
    expect(`${error.message} ${error.url}`).not.toContain('cret@');
  });

  it.each([
    ['text', 'hello'],
    ['another service', '{"ok":true}'],
    ['no object', '7'],
  ])('refuses an answer that is %s', async (_what, body) => {
    const { url } = await serve(() => ({ body }));
    expect((await failureOf(new StanMonitoring({ url: `http://${url}` }).serverz())).reason).toContain(
      'without "version"',
    );
  });

  it('gives up on an answer that does not come', async () => {
    const { url } = await serve(() => undefined);
    const error = await failureOf(new StanMonitoring({ url: `http://${url}`, timeoutMs: 30 }).serverz());
    expect(error.reason).toBe('no answer within 30 ms');
  });

  it('says why where nobody listens', async () => {
    const { url } = await serve(() => undefined);
    await new Promise((resolve) => server?.close(resolve));
    expect((await failureOf(new StanMonitoring({ url: `http://${url}` }).serverz())).message).toContain('ECONNREFUSED');
  });

  it.each([
    [{ url: 'nats://h' }, 'url'],
    [{ url: 'h:8222' }, 'url'],
    [{ timeoutMs: 0 }, 'timeoutMs'],
    [{ timeout: 5 }, 'timeout'],
  ])('refuses %o by name', (options, name) => {
    const make = () => new StanMonitoring(options as object);
    expect(make).toThrow(InvalidOptionError);
    expect(make).toThrow(new RegExp(`option "${name}" of StanMonitoring`));
  });
});

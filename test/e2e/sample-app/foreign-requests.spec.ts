import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { refuseForeignRequests } from '../../../sample-app/service/refuse-foreign-requests.js';
import { withoutCredentials } from '../../../sample-app/shop/without-credentials.js';
import { cleanUpAfterTest } from '../../support/cleanup.js';

interface Sent {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

describe('the sample on a machine where other web pages are open', () => {
  it.each<[string, Sent]>([
    ['a Host that was pointed at loopback', { headers: { host: 'evil.example' } }],
    ['a Host with a port', { headers: { host: 'evil.example:3000' } }],
    ['a Host that only begins like loopback', { headers: { host: 'localhost.evil.example' } }],
    ['a foreign Origin', { method: 'POST', headers: { origin: 'http://evil.example' } }],
    ['an opaque Origin', { method: 'POST', headers: { origin: 'null' } }],
    ['a foreign Origin that reads', { headers: { origin: 'http://evil.example' } }],
    [
      'a form',
      { method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: 'ticketId=1' },
    ],
    ['a form as plain text', { method: 'POST', headers: { 'content-type': 'text/plain' }, body: '{"ticketId":"1"}' }],
    ['a body without a type', { method: 'POST', body: '{"ticketId":"1"}' }],
  ])('refuses %s', async (_what, sent) => {
    const { status, reached } = await send('127.0.0.1', sent);
    expect([403, 415]).toContain(status);
    expect(reached).toBe(0);
  });

  it.each<[string, Sent]>([
    ['its own page', { method: 'POST', headers: { 'content-type': 'application/json; charset=utf-8' }, body: '{}' }],
    ['curl', {}],
    ['a request without a body', { method: 'DELETE' }],
    ['localhost', { headers: { host: 'localhost:3000', origin: 'http://localhost:3000' } }],
  ])('takes requests of %s', async (_what, sent) => {
    expect(await send('127.0.0.1', sent)).toEqual({ status: 200, reached: 1 });
  });

  it('answers under any name where it listens for others, as behind an ingress, and still refuses a foreign origin', async () => {
    const behindIngress = { host: 'tickets.shop', origin: 'https://tickets.shop' };
    expect((await send('0.0.0.0', { headers: behindIngress })).status).toBe(200);
    expect((await send('0.0.0.0', { headers: { ...behindIngress, origin: 'https://evil.example' } })).status).toBe(403);
  });

  it('shows no credentials of a server URL', () => {
    expect(withoutCredentials('nats://user:p%40ss@one:4222,token@two:4222,nats://three:4222')).toBe(
      'nats://***@one:4222,***@two:4222,nats://three:4222',
    );
    expect(withoutCredentials('postgres://postgres:secret@127.0.0.1:5432/tickets')).toBe(
      'postgres://***@127.0.0.1:5432/tickets',
    );
  });
});

/** Sends one request to a server that is bound to `boundTo`, as far as it knows. */
async function send(
  boundTo: string,
  { method = 'GET', headers, body }: Sent,
): Promise<{ status: number; reached: number }> {
  let reached = 0;
  const guard = refuseForeignRequests(boundTo);
  const server = createServer((incoming, response) => {
    guard(incoming, response, () => {
      reached += 1;
      response.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanUpAfterTest(() => server.close());
  const { port } = server.address() as AddressInfo;
  const status = await new Promise<number>((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, method, headers: { ...headers } }, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    });
    sent.once('error', reject);
    sent.end(body);
  });
  return { status, reached };
}

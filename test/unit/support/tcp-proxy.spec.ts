import type { AddressInfo, Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { cleanUpAfterTest } from '../../support/cleanup.js';
import { startTcpProxy } from '../../support/tcp-proxy.js';
import { eventually, quietFor } from '../../support/wait.js';

async function startEcho(): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanUpAfterTest(() => server.close());
  return (server.address() as AddressInfo).port;
}

function dial(port: number): { socket: Socket; heard: () => string; isClosed: () => boolean } {
  let heard = '';
  let closed = false;
  const socket = connect(port, '127.0.0.1');
  socket.setEncoding('utf8').on('data', (chunk: string) => (heard += chunk));
  socket.on('error', () => undefined).on('close', () => (closed = true));
  cleanUpAfterTest(() => socket.destroy());
  return { socket, heard: () => heard, isClosed: () => closed };
}

describe('the TCP proxy', () => {
  it('passes bytes both ways', async () => {
    const echo = await startEcho();
    const proxy = await startTcpProxy(() => echo);
    const client = dial(proxy.port);
    client.socket.write('hello');
    await eventually(() => client.heard() === 'hello', { what: 'the echo' });
    expect(proxy.openCount).toBe(1);
  });

  it('cuts what is open and lets new connections through', async () => {
    const echo = await startEcho();
    const proxy = await startTcpProxy(() => echo);
    const client = dial(proxy.port);
    await eventually(() => proxy.openCount === 1);
    proxy.cut();
    await eventually(client.isClosed, { what: 'the cut' });
    const next = dial(proxy.port);
    next.socket.write('again');
    await eventually(() => next.heard() === 'again');
  });

  it('refuses until it is restored', async () => {
    const echo = await startEcho();
    const proxy = await startTcpProxy(() => echo);
    proxy.refuse();
    const refused = dial(proxy.port);
    await eventually(refused.isClosed, { what: 'the refusal' });
    proxy.restore();
    const client = dial(proxy.port);
    client.socket.write('now');
    await eventually(() => client.heard() === 'now');
    expect(proxy.acceptedCount).toBe(2);
  });

  it('swallows one direction with the connection open, and breaks that connection when restored', async () => {
    const echo = await startEcho();
    const proxy = await startTcpProxy(() => echo);
    const client = dial(proxy.port);
    await eventually(() => proxy.openCount === 1);
    proxy.swallow('toClient');
    client.socket.write('lost');
    await quietFor(50);
    expect([client.heard(), client.isClosed()]).toEqual(['', false]);
    proxy.restore();
    await eventually(client.isClosed, { what: 'the broken connection to be closed' });
  });

  it('delays in order, also across a restore', async () => {
    const echo = await startEcho();
    const proxy = await startTcpProxy(() => echo);
    const client = dial(proxy.port);
    await eventually(() => proxy.openCount === 1);
    proxy.delay(40, 'toServer');
    client.socket.write('1');
    await quietFor(10);
    proxy.restore();
    client.socket.write('2');
    expect(client.heard()).toBe('');
    await eventually(() => client.heard() === '12', { what: 'both, in order' });
  });
});

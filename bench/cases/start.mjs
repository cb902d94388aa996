import { fork } from 'node:child_process';
import { connect } from 'node:net';

import { makePackedApp, startProgram } from '../harness/packed.mjs';
import { freePort } from '../harness/server.mjs';

export const bareNest = 'Nest on TCP';
const giveUpMs = 30_000;
const tryAgainMs = 1;

/**
 * From the start of a process with one handler to its first event, against the same on Nest's own TCP transport. In both
 * the event waits: in the channel, and in a client that tries to connect every millisecond.
 */
export function appStartCases(arena, { quick }) {
  return [
    {
      name: 'start of a Nest app to first event',
      payloadBytes: null,
      contestants: [bareNest, 'nestjs-stan'],
      base: bareNest,
      metrics: [{ key: 'ms', unit: 'ms' }],
      ownRounds: quick ? 7 : 21,
      run: async (contestant) => {
        makePackedApp();
        return { ms: contestant === bareNest ? await startOnTcp() : await startOnStan(arena) };
      },
    },
  ];
}

async function startOnStan(arena) {
  const [subject] = await arena.filled('start', { count: 1, payloadBytes: 128 });
  const { url, clusterId } = arena.server;
  return timeToFirstEvent('nestjs-stan', [subject, url, clusterId], () => undefined);
}

async function startOnTcp() {
  const port = await freePort();
  const event = JSON.stringify({ pattern: 'start', data: { text: 'x'.repeat(117) } });
  return timeToFirstEvent('nest-tcp', ['start', String(port)], () => sendWhenListening(port, event));
}

async function timeToFirstEvent(name, args, send) {
  const startedAt = Date.now();
  const child = fork(startProgram(name), args);
  const exited = new Promise((resolve) => child.once('exit', resolve));
  const stopSending = send() ?? (() => undefined);
  try {
    return (await handledAtOf(child, name)) - startedAt;
  } finally {
    stopSending();
    child.kill('SIGKILL');
    await exited;
  }
}

function handledAtOf(child, name) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${name} handled no event in time`)), giveUpMs);
    child.once('message', ({ handledAt }) => resolve(handledAt));
    child.once('exit', (code) => reject(new Error(`${name} ended with code ${code}`)));
    child.once('close', () => clearTimeout(timer));
  });
}

/** Nest's frame is the length of the JSON, `#`, and the JSON. Returns what stops it. */
function sendWhenListening(port, event) {
  let timer;
  let socket;
  const attempt = () => {
    socket = connect(port, '127.0.0.1', () => socket.write(`${event.length}#${event}`));
    socket.on('error', () => (timer = setTimeout(attempt, tryAgainMs)));
  };
  attempt();
  return () => {
    clearTimeout(timer);
    socket.removeAllListeners('error').on('error', () => undefined);
    socket.destroy();
  };
}

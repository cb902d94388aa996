import { connect, consumeMany, disconnect, publishMany, subscribe } from './client.mjs';
import { startContestant } from './contestants.mjs';
import { firstEventMs } from './first-event.mjs';

let nextChannel = 1;

/** Publish and deliver on one running server per contestant, round after round. */
export async function throughput(report, { contestants, rounds, count, store }) {
  const servers = await Promise.all(contestants.map((name) => startContestant(name, store)));
  try {
    for (let round = 0; round <= rounds; round++) {
      for (const server of servers) {
        const client = await connect(server.url);
        const channel = `throughput.${nextChannel++}`;
        const published = await measured(server, count, () => publishMany(client, { count, channelOf: () => channel }));
        const delivered = await measured(server, count, () => consumeMany(client, { channel, count }));
        await disconnect(client);
        if (round === 0) continue; // to warm up
        reportMeasured(report, `publish, ${store.toLowerCase()} store`, server.name, published);
        reportMeasured(report, `deliver, ${store.toLowerCase()} store`, server.name, delivered);
      }
    }
  } finally {
    await Promise.all(servers.map((server) => server.close()));
  }
}

/** Messages per second, and what each cost the server: the rate alone may be the client's limit, not the server's. */
export async function measured(server, count, load) {
  const before = server.processorMicroseconds();
  const rate = await load();
  const after = server.processorMicroseconds();
  return { rate, processorTime: after === undefined ? undefined : (after - before) / count };
}

function reportMeasured(report, name, contestant, { rate, processorTime }) {
  report(name, 'messages/s', contestant, rate);
  reportProcessorTime(report, name, contestant, processorTime);
}

export function reportProcessorTime(report, name, contestant, processorTime) {
  if (processorTime !== undefined) report(`${name}, server cpu`, 'µs/message', contestant, processorTime);
}

/** Memory of a server that holds many messages. */
export async function memory(report, { contestants, messages }) {
  for (const name of contestants) {
    const server = await startContestant(name);
    try {
      const empty = server.residentMegabytes();
      const client = await connect(server.url);
      await publishMany(client, { count: messages, channelOf: () => 'memory' });
      const full = server.residentMegabytes();
      await disconnect(client);
      if (empty !== undefined) report('resident memory, empty', 'MB', name, empty);
      if (full !== undefined)
        report(`resident memory, ${messages.toLocaleString('en')} messages of 128 B`, 'MB', name, full);
    } finally {
      await server.close();
    }
  }
}

/** What a message costs when there is much else: many channels, many subscriptions on other channels. */
export async function crowd(report, { contestants, rounds, count, channels, subscriptions }) {
  for (const name of contestants) {
    const server = await startContestant(name);
    try {
      const client = await connect(server.url);
      await subscribe(client, 'alone');
      const load = () => measured(server, count, () => publishMany(client, { count, channelOf: () => 'alone' }));
      await load();
      for (let round = 0; round < rounds; round++)
        reportMeasured(report, 'publish with 1 channel, 1 subscription', name, await load());
      await publishMany(client, { count: channels, channelOf: (index) => `crowd.${index}` });
      for (let index = 0; index < subscriptions; index++) await subscribe(client, `crowd.${index}`);
      const title = `publish with ${channels.toLocaleString('en')} channels, ${subscriptions.toLocaleString('en')} subscriptions`;
      for (let round = 0; round < rounds; round++) reportMeasured(report, title, name, await load());
      await disconnect(client);
    } finally {
      await server.close();
    }
  }
}

/** From `StanBroker.start()` to the first message in a handler, each time in a new process. */
export async function start(report, { rounds }) {
  for (let round = 0; round < rounds; round++) {
    const { firstMs, againMs } = await firstEventMs();
    report('start() to the first handled event, first in its process', 'ms', 'embedded', firstMs);
    report('start() to the first handled event, later ones', 'ms', 'embedded', againMs);
  }
}

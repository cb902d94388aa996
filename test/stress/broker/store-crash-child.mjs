// Appends messages to a file store and prints each one that a flush has settled for, until it is killed. Now and then it
// closes the store and opens it again: a kill must do no harm in the middle of that either.
import { LmdbStore } from '../../../dist/lib/broker/index.js';

const kept = 150;
const [directory] = process.argv.slice(2);
const store = new LmdbStore({ directory });
let messages = await openMessages();
process.stdout.write(`open ${messages.firstSequence} ${messages.lastSequence}\n`);
for (;;) {
  if (Math.random() < 0.02) {
    await store.close();
    messages = await openMessages();
  }
  const batch = 1 + Math.floor(Math.random() * 4);
  for (let count = 0; count < batch; count += 1) {
    const sequence = messages.lastSequence + 1;
    // Large enough to fill the write-ahead log many times in a life.
    const payload = Buffer.alloc(Math.random() < 0.5 ? 200 : 60_000, sequence % 251);
    payload.writeUInt32BE(sequence);
    messages.append(sequence, BigInt(sequence), payload);
  }
  if (messages.count > kept) messages.removeThrough(messages.lastSequence - kept);
  await store.flush();
  process.stdout.write(`stored ${messages.lastSequence}\n`);
}

async function openMessages() {
  const state = await store.open();
  if (state === undefined) store.saveServer({ clusterId: 'crash' });
  const channel = state?.channels[0]?.store ?? store.createChannel('orders');
  await store.flush();
  return channel.messages;
}

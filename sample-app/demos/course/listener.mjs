/**
 * The listener of the course, with node-nats-streaming alone: every option that docs/course.md talks about is a flag.
 * The services of the shop do all of it through nestjs-stan; this one is for looking at one option at a time.
 */
import { randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import stan from 'node-nats-streaming';

const { values: flags } = parseArgs({
  options: {
    id: { type: 'string', default: randomBytes(4).toString('hex') },
    subject: { type: 'string', default: 'ticket:created' },
    queue: { type: 'string' },
    durable: { type: 'string' },
    'deliver-all': { type: 'boolean', default: false },
    'manual-ack': { type: 'boolean', default: false },
    'ack-wait': { type: 'string', default: '30' },
    'ack-nothing': { type: 'boolean', default: false },
    'die-at-once': { type: 'boolean', default: false },
    seconds: { type: 'string' },
  },
});

const client = stan.connect(process.env.NATS_CLUSTER_ID || 'test-cluster', flags.id, {
  url: process.env.NATS_URL || 'nats://127.0.0.1:4222',
});

client.on('error', (error) => {
  console.log(`refused: ${error.message ?? error}`);
  process.exit(1);
});

client.on('connect', () => {
  const options = client.subscriptionOptions().setAckWait(Number(flags['ack-wait']) * 1000);
  if (flags['deliver-all']) options.setDeliverAllAvailable();
  if (flags.durable) options.setDurableName(flags.durable);
  if (flags['manual-ack']) options.setManualAckMode(true);

  const subscription = flags.queue
    ? client.subscribe(flags.subject, flags.queue, options)
    : client.subscribe(flags.subject, options);

  subscription.on('ready', () => {
    console.log(`${flags.id} listens`);
    // As kill -9 does it: no close, no goodbye.
    if (flags['die-at-once']) process.kill(process.pid, 'SIGKILL');
    if (flags.seconds) setTimeout(() => client.close(), Number(flags.seconds) * 1000);
  });

  subscription.on('message', (message) => {
    const { title } = JSON.parse(message.getData());
    console.log(`#${message.getSequence()} ${title}${message.isRedelivered() ? ' (again)' : ''}`);
    if (flags['manual-ack'] && !flags['ack-nothing']) message.ack();
  });
});

// Closing tells the server that this client is gone, so that it sends nothing more to it.
client.on('close', () => process.exit());
process.on('SIGINT', () => client.close());
process.on('SIGTERM', () => client.close());

import { connect } from '@nats-io/transport-node';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Message, Stan } from 'node-nats-streaming';
import { cleanUpAfterTest } from './cleanup.js';
import type { RawClient } from './raw-client.js';

interface StoredMessage {
  readonly message?: { readonly seq: number; readonly data?: string; readonly hdrs?: string; readonly time: string };
}

/** A JetStream client that is not ours, with the same methods as the one of STAN. */
export async function connectRawJetStreamClient(url: string, clientId: string): Promise<RawClient> {
  const nats = await connect({ servers: url, name: clientId, reconnect: false });
  let closing: Promise<void> | undefined;
  const close = () => (closing ??= nats.close());
  cleanUpAfterTest(close);
  return {
    clientId,
    close,
    // Only tests that need STAN's wire use it.
    stan: undefined as unknown as Stan,
    publish: async (subject, data) => {
      const stream = await streamOf(nats, subject);
      const ack = (await nats.request(subject, data)).json<{ seq?: number }>();
      if (ack.seq === undefined) throw new Error(`"${subject}" was not stored`);
      return `${stream}:${ack.seq}`;
    },
    readAll: (subject) => readAll(nats, subject),
  };
}

async function ask<Answer>(nats: NatsConnection, subject: string, body: unknown): Promise<Answer> {
  return (await nats.request(`$JS.API.${subject}`, JSON.stringify(body))).json<Answer>();
}

async function streamOf(nats: NatsConnection, subject: string): Promise<string> {
  const { streams } = await ask<{ streams?: string[] | null }>(nats, 'STREAM.NAMES', { subject });
  if (streams?.[0] !== undefined) return streams[0];
  const name = subject.replace(/[^A-Za-z0-9-]/gu, (it) => `_${(it.codePointAt(0) ?? 0).toString(16)}_`);
  await ask(nats, `STREAM.CREATE.${name}`, { name, subjects: [subject], storage: 'file' });
  return name;
}

/** One after another, they would take a minute for 100 000 messages. */
const requestsAtOnce = 256;

async function readAll(nats: NatsConnection, subject: string): Promise<readonly Message[]> {
  const stream = await streamOf(nats, subject);
  const { state } = await ask<{ state: { first_seq: number; last_seq: number } }>(nats, `STREAM.INFO.${stream}`, {});
  const messages: Message[] = [];
  const get = (seq: number): Promise<StoredMessage> => ask(nats, `STREAM.MSG.GET.${stream}`, { seq });
  for (let from = Math.max(1, state.first_seq); from <= state.last_seq; from += requestsAtOnce) {
    const count = Math.min(requestsAtOnce, state.last_seq - from + 1);
    for (const { message } of await Promise.all(Array.from({ length: count }, (_, index) => get(from + index))))
      if (message !== undefined) messages.push(toMessage(subject, message));
  }
  return messages;
}

function toMessage(subject: string, stored: NonNullable<StoredMessage['message']>): Message {
  const { seq, data = '', hdrs = '', time } = stored;
  const bytes = Buffer.from(data, 'base64');
  const ownHeaders = /^Stan-Headers: (.*)\r$/m.exec(Buffer.from(hdrs, 'base64').toString('latin1'))?.[1] ?? '';
  return {
    getSubject: () => subject,
    getSequence: () => seq,
    getRawData: () => bytes,
    getData: () => bytes.toString('utf8'),
    getTimestamp: () => new Date(time),
    // Where they travel with STAN.
    msg: { getReply: () => ownHeaders },
  } as unknown as Message;
}

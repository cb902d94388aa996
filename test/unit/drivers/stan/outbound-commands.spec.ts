import { EventEmitter } from 'node:events';

import { describe, expect, it } from 'vitest';

import { outboundCommands } from '../../../../lib/drivers/stan/outbound-commands.js';
import type { NatsConnection } from '../../../../lib/drivers/stan/vendor-internals.js';
import { nextTurn } from '../../../support/wait.js';

/** As much of the NATS client as sending needs. */
class Client extends EventEmitter {
  readonly written: Buffer[] = [];
  pending: (Buffer | string)[] | null = [];
  closed = false;
  stream: object | null = this.socket();

  sendCommand(command: Buffer | string): void {
    this.pending?.push(command);
    if (this.pending?.length === 1) setImmediate(() => this.flushPending());
  }

  flushPending(): void {
    const pending = this.pending ?? [];
    this.pending = [];
    for (const command of pending) this.written.push(Buffer.from(command));
  }

  /** Takes everything at once; or keeps it, where it is, for later. */
  socket(keeps = false): object {
    return {
      writableLength: keeps ? 10 : 0,
      write: (bytes: Buffer) => this.written.push(keeps ? bytes : Buffer.from(bytes)),
    };
  }

  get text(): string {
    return Buffer.concat(this.written).toString('latin1');
  }
}

function sending(client = new Client()) {
  const commands = outboundCommands(client as unknown as NatsConnection);
  const send = (text: string): void => {
    const at = commands.room(text.length);
    commands.bytes.write(text, at, 'latin1');
    commands.send();
  };
  return { client, send };
}

describe('commands of one turn of the event loop', () => {
  it('leave together when it ends, in order', async () => {
    const { client, send } = sending();
    for (const text of ['one ', 'two ', 'three ']) send(text);
    expect(client.written).toEqual([]);
    await nextTurn();
    expect(client.written.map(String)).toEqual(['one two three ']);
    send('four');
    await nextTurn();
    expect(client.written).toHaveLength(2);
    expect(client.written[1]?.toString()).toBe('four');
  });

  it('keep their place among the commands of the client', async () => {
    const { client, send } = sending();
    client.sendCommand('client 1, ');
    send('ours 1, ');
    send('ours 2, ');
    client.sendCommand(Buffer.from('client 2, '));
    client.sendCommand('client 3, ');
    send('ours 3, ');
    client.sendCommand('client 4');
    await nextTurn();
    await nextTurn();
    expect(client.text).toBe('client 1, ours 1, ours 2, client 2, client 3, ours 3, client 4');
  });

  it('leave at once where they fill a batch, and one that is larger than a batch goes whole', async () => {
    const { client, send } = sending();
    const large = 'L'.repeat(200_000);
    const small = 's'.repeat(1_000);
    send('first ');
    send(large);
    for (let count = 0; count < 70; count += 1) send(small);
    expect(client.written.length).toBeGreaterThanOrEqual(3);
    await nextTurn();
    expect(client.text).toBe(`first ${large}${small.repeat(70)}`);
  });

  it('are not written over while the socket still keeps them', async () => {
    const { client, send } = sending();
    client.stream = client.socket(true);
    for (const text of ['one ', 'two ', 'three ']) {
      send(text);
      await nextTurn();
    }
    expect(client.text).toBe('one two three ');
  });

  it.each([
    ['was lost', (client: Client) => (client.stream = null)],
    ['is another one by now', (client: Client) => (client.stream = client.socket())],
    ['was closed', (client: Client) => (client.closed = true)],
  ])('go with their connection where it %s', async (_, change) => {
    const { client, send } = sending();
    send('lost');
    change(client);
    await nextTurn();
    expect(client.written).toEqual([]);
  });

  it('go with the connection that the first of them was sent on', async () => {
    const { client, send } = sending();
    send('lost ');
    client.stream = client.socket();
    send('as well ');
    await nextTurn();
    send('new');
    await nextTurn();
    expect(client.text).toBe('new');
  });

  it('go nowhere while there is no connection', async () => {
    const { client, send } = sending();
    client.stream = null;
    send('lost');
    client.sendCommand('client');
    await nextTurn();
    expect(client.text).toBe('client');
  });

  it('are not sent on the next connection by what the client sends there', async () => {
    const { client, send } = sending();
    send('lost ');
    client.stream = client.socket();
    client.sendCommand('client ');
    send('ours');
    await nextTurn();
    expect(client.text).toBe('client ours');
  });
});

describe('the memory of commands', () => {
  function measured() {
    const client = new Client();
    const commands = outboundCommands(client as unknown as NatsConnection);
    const send = (length: number): void => {
      const at = commands.room(length);
      commands.bytes.fill('x', at, at + length);
      commands.send();
    };
    return { client, commands, send };
  }

  it('is used again for the next turn', async () => {
    const { client, commands, send } = measured();
    send(10);
    const { bytes } = commands;
    await nextTurn();
    send(20);
    await nextTurn();
    expect(commands.bytes).toBe(bytes);
    expect(client.written.map(({ length }) => length)).toEqual([10, 20]);
  });

  it('is 65 536 bytes, which leave at once when they are full, in one piece', () => {
    const { client, commands, send } = measured();
    send(65_530);
    expect(client.written).toEqual([]);
    send(6);
    expect(client.written.map(({ length }) => length)).toEqual([65_536]);
    expect(commands.bytes).toHaveLength(65_536);
    send(65_535);
    expect(client.written).toHaveLength(1);
  });

  it('is used again within a turn, by what does not fit beside the rest and by what just fits', () => {
    const { client, commands, send } = measured();
    send(65_530);
    const { bytes } = commands;
    send(10);
    send(65_536);
    expect(client.written.map(({ length }) => length)).toEqual([65_530, 10, 65_536]);
    expect(commands.bytes).toBe(bytes);
  });

  it('is let go after an event that needed more', async () => {
    const { client, commands, send } = measured();
    send(10);
    send(200_000);
    expect(client.written.map(({ length }) => length)).toEqual([10, 200_000]);
    send(10);
    expect(commands.bytes).toHaveLength(65_536);
    await nextTurn();
    expect(client.written).toHaveLength(3);
  });
});

describe('commands to a client of another version', () => {
  function publishing() {
    const published: unknown[][] = [];
    const client = { publish: (...parameters: unknown[]) => published.push(parameters) };
    const commands = outboundCommands(client as unknown as NatsConnection);
    const send = (text: string): void => {
      const length = Buffer.byteLength(text);
      const at = commands.room(length);
      commands.bytes.write(text, at);
      commands.send();
    };
    return { published, send };
  }

  it('are published by it, with subject, payload and, where there is one, the subject for the answer', () => {
    const { published, send } = publishing();
    send('PUB ticket:créé 7\r\nhe\r\nllo\r\n');
    send('PUB ticket:created inbox.1 2\r\nhi\r\n');
    send('PUB empty 0\r\n\r\n');
    expect(published).toEqual([
      ['ticket:créé', Buffer.from('he\r\nllo')],
      ['ticket:created', Buffer.from('hi'), 'inbox.1'],
      ['empty', Buffer.alloc(0)],
    ]);
  });
});

import { describe, expect, it } from 'vitest';

import type { PublishAttemptError } from '../../../../lib/core/driver/driver.js';
import { PublishRefusedError, SessionLostError } from '../../../../lib/core/errors/index.js';
import { SessionPublishes } from '../../../../lib/drivers/stan/session-publishes.js';
import type { StanClient } from '../../../../lib/drivers/stan/vendor-internals.js';
import { ScriptedClient } from './scripted-client.js';

const cause = new SessionLostError('orders', 'test');

/** What stands before the guid of a publish: its tag and its length. */
const guidField = [0x12, 22];

/** The publishes of a session, and what their callers were told, in order. */
class Scene {
  readonly client = new ScriptedClient();
  readonly told: { readonly name: string; readonly error: PublishAttemptError | undefined; readonly guid: string }[] =
    [];
  readonly forgotten: Error[] = [];
  readonly askedOfClient: string[] = [];
  readonly publishes: SessionPublishes;
  private readonly sent: Buffer[] = [];
  private room = Buffer.alloc(0);

  constructor() {
    const { client, sent, askedOfClient } = this;
    const commands = {
      bytes: this.room,
      room(length: number) {
        this.bytes = Buffer.alloc(length);
        return 0;
      },
      send() {
        sent.push(this.bytes);
      },
    };
    const removeAck = function (this: unknown, guid: string): undefined {
      expect(this).toBe(client);
      askedOfClient.push(guid);
    };
    Object.assign(client, { removeAck });
    this.publishes = new SessionPublishes({
      client: client as unknown as StanClient,
      clientId: 'orders',
      commands,
      onForgotten: (error) => this.forgotten.push(error),
    });
  }

  /** Publishes; returns the guid that was sent. */
  send(name: string, onTold?: () => void): string {
    this.publishes.send(
      name,
      Buffer.from('{}'),
      (error, guid) => {
        this.told.push({ name, error, guid });
        onTold?.();
      },
      '',
    );
    const command = this.sent.at(-1) ?? Buffer.alloc(0);
    const at = command.indexOf(Buffer.from(guidField)) + guidField.length;
    return command.toString('latin1', at, at + 22);
  }

  get names(): string[] {
    return this.told.map(({ name }) => name);
  }

  /** Hands the bytes of an ack over, in the middle of others. */
  receive(...bytes: (string | number[])[]): boolean {
    const ack = Buffer.concat(bytes.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.from(part))));
    const stream = Buffer.concat([Buffer.from('before'), ack, Buffer.from('behind')]);
    return this.publishes.receiveAck(stream, 6, 6 + ack.length);
  }

  /** What the client makes of an ack that it has parsed itself. */
  parsedByClient(guid: string, error: unknown): boolean {
    const open = (this.client as unknown as StanClient).removeAck(guid);
    open?.ah(error, guid);
    return open !== undefined;
  }
}

const field = [0x0a, 22];

describe('the ack of a publish', () => {
  it('is taken from the stream, and tells its caller alone, under the guid that was sent', () => {
    const scene = new Scene();
    const [, second] = [scene.send('a'), scene.send('b'), scene.send('c')];
    expect(scene.receive(field, second)).toBe(true);
    expect(scene.told).toEqual([{ name: 'b', error: undefined, guid: second }]);
  });

  it('that comes twice, or late, changes nothing', () => {
    const scene = new Scene();
    const guid = scene.send('a');
    expect([scene.receive(field, guid), scene.receive(field, guid)]).toEqual([true, true]);
    scene.publishes.failAll(cause);
    expect(scene.names).toEqual(['a']);
  });

  it.each([
    ['an error behind the guid', (guid: string) => [field, guid, [0x12, 1], '!']],
    ['another field', (guid: string) => [[0x12, 22], guid]],
    ['another length', (guid: string) => [[0x0a, 21], guid]],
    ['a guid that is too short', (guid: string) => [field, guid.slice(1)]],
    ['the guid of another session', (guid: string) => [field, `zz${guid.slice(2)}`]],
    ['nothing', () => []],
  ])('is left to the client where it has %s', (_, bytes) => {
    const scene = new Scene();
    expect(scene.receive(...bytes(scene.send('a')))).toBe(false);
    expect(scene.told).toEqual([]);
  });

  it('may have been parsed by the client', () => {
    const scene = new Scene();
    const guids = ['a', 'b', 'c'].map((name) => scene.send(name));
    const errors = [undefined, null, ''];
    guids.forEach((guid, index) => expect(scene.parsedByClient(guid, errors[index])).toBe(true));
    expect(scene.told).toEqual(['a', 'b', 'c'].map((name, index) => ({ name, error: undefined, guid: guids[index] })));
    expect(scene.askedOfClient).toEqual([]);
  });

  it('is the client’s own where the publish was, or is open no more', () => {
    const scene = new Scene();
    const guid = scene.send('a');
    scene.receive(field, guid);
    for (const other of ['another guid', guid]) expect(scene.parsedByClient(other, undefined)).toBe(false);
    expect(scene.askedOfClient).toEqual(['another guid', guid]);
    expect(scene.names).toEqual(['a']);
  });

  it('with a refusal says which, of which subject', () => {
    const scene = new Scene();
    const guid = scene.send('orders');
    scene.parsedByClient(guid, new Error('disk full'));
    const [told] = scene.told;
    expect(told).toMatchObject({ guid, error: { outcome: 'refused', cause: { reason: 'disk full' } } });
    expect(told?.error?.cause).toBeInstanceOf(PublishRefusedError);
    expect(told?.error?.cause.message).toContain('orders');
    expect(scene.forgotten).toEqual([]);
  });

  it('of a client that the server does not know leaves it open whether it is stored, and is told to the session', () => {
    const scene = new Scene();
    const guid = scene.send('a');
    scene.parsedByClient(guid, 'stan: invalid publish request');
    const [told] = scene.told;
    expect(told).toMatchObject({ guid, error: { outcome: 'unknown' } });
    expect(told?.error?.cause.message).toContain('the server no longer knows this client');
    expect(scene.forgotten).toEqual([told?.error?.cause]);
  });
});

describe('publishes that no answer can come for', () => {
  it('are reported in order, as possibly stored, each once', () => {
    const scene = new Scene();
    const guids = ['a', 'b', 'c'].map((name) => scene.send(name));
    scene.receive(field, guids[1] ?? '');
    scene.told.length = 0;
    scene.publishes.failAll(cause);
    scene.publishes.failAll(cause);
    expect(scene.told).toEqual([
      { name: 'a', error: { outcome: 'unknown', cause }, guid: guids[0] },
      { name: 'c', error: { outcome: 'unknown', cause }, guid: guids[2] },
    ]);
  });

  it('are not those that a callback adds', () => {
    const scene = new Scene();
    scene.send('a', () => scene.send('added'));
    scene.send('b');
    scene.publishes.failAll(cause);
    expect(scene.names).toEqual(['a', 'b']);
    scene.publishes.failAll(cause);
    expect(scene.names).toEqual(['a', 'b', 'added']);
  });

  it('are those that are open since before the connection that has just ended', () => {
    const scene = new Scene();
    scene.send('first connection');
    scene.publishes.failUnanswered(cause);
    expect(scene.names).toEqual([]);
    scene.send('second connection');
    scene.publishes.failUnanswered(cause);
    expect(scene.names).toEqual(['first connection']);
    scene.publishes.failUnanswered(cause);
    expect(scene.names).toEqual(['first connection', 'second connection']);
  });
});

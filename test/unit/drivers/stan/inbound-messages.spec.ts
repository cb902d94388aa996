import { createRequire } from 'node:module';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { InboundMessages } from '../../../../lib/drivers/stan/inbound-messages.js';
import type { NatsConnection } from '../../../../lib/drivers/stan/vendor-internals.js';

/** The vendor's client, whose own parser is what ours must agree with; it is fed here instead of by a socket. */
interface VendorClient extends NatsConnection {
  connected: boolean;
  encoding: string;
}

/** The vendor exports no class, so its prototype is taken from a client that is closed before it has connected. */
function vendorPrototype(): object {
  const { connect } = createRequire(import.meta.url)('nats') as { connect: (options: object) => VendorClient };
  const client = connect({ url: 'nats://127.0.0.1:1', reconnect: false });
  client.on('error', () => undefined);
  client.close();
  return Object.getPrototypeOf(client) as object;
}
const prototype = vendorPrototype();

const ours = 7;
const theirs = 8;

/** The one that the receiver does not want. */
const leftToClient = 'not this one';

interface Fed {
  /** What came to whom, as text. */
  readonly log: string[];
  /** Messages that the vendor's parser had to turn into text. */
  readonly byVendor: () => number;
  /** How often the vendor's parser was called. */
  readonly passes: () => number;
  readonly feed: (chunk: Buffer) => void;
  readonly nats: VendorClient;
}

interface FedWithOurs extends Fed {
  readonly inbound: InboundMessages;
}

/** The vendor's client alone. */
function makeVendorClient(options: { yieldTime?: number } = {}): Fed {
  const log: string[] = [];
  let byVendor = 0;
  let passes = 0;
  const nats = Object.create(prototype) as VendorClient;
  const note = (who: string) => (text: string) => {
    byVendor += 1;
    log.push(`${who} ${text}`);
  };
  Object.assign(nats, {
    options,
    pstate: 0,
    inbound: null,
    closed: false,
    encoding: 'binary',
    stream: { resume: () => (passes += 1), pause: () => undefined },
    subs: { [ours]: { callback: note('ours') }, [theirs]: { callback: note('theirs') } },
    sendCommand: (command: Buffer | string) => log.push(`sent ${command.toString().trim()}`),
  });
  const feed = (chunk: Buffer): void => {
    nats.inbound = nats.inbound ? Buffer.concat([nats.inbound, chunk]) : chunk;
    nats.processInbound();
  };
  return { log, byVendor: () => byVendor, passes: () => passes, feed, nats };
}

function makeClient(options: { yieldTime?: number } = {}): FedWithOurs {
  const fed = makeVendorClient(options);
  const { log, nats } = fed;
  const inbound = new InboundMessages(nats);
  inbound.receive(ours, (bytes, from, to) => {
    const text = bytes.toString('latin1', from, to);
    if (text === leftToClient) return false;
    log.push(`ours ${text}`);
    return true;
  });
  return { ...fed, inbound };
}

const message = (sid: number, payload: string, reply = ''): string =>
  `MSG _INBOX.abc ${String(sid)} ${reply}${String(payload.length)}\r\n${payload}\r\n`;

const bytesOf = (text: string): Buffer => Buffer.from(text, 'latin1');

describe('what comes from the network', () => {
  it('reaches the receiver of its subscription without the client having parsed it', () => {
    const { log, byVendor, feed } = makeClient();
    feed(bytesOf(message(ours, 'one') + message(ours, '') + message(ours, 'MSG x 7 3\r\n')));
    expect(log).toEqual(['ours one', 'ours ', 'ours MSG x 7 3\r\n']);
    expect(byVendor()).toBe(0);
  });

  it('keeps its order and its bytes, in whichever pieces it comes and whatever is between', () => {
    const payload = fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString('latin1'));
    const item = fc.oneof(
      payload.map((text) => ({ wire: message(ours, text), log: `ours ${text}` })),
      payload.map((text) => ({ wire: message(ours, text, 'reply '), log: `ours ${text}` })),
      payload.map((text) => ({ wire: message(theirs, text), log: `theirs ${text}` })),
      payload.map((text) => ({ wire: message(99, text), log: undefined })),
      fc.constant({ wire: 'PING\r\n', log: 'sent PONG' }),
      fc.constant({ wire: '+OK\r\n', log: undefined }),
    );
    fc.assert(
      fc.property(fc.array(item, { maxLength: 12 }), fc.array(fc.integer({ min: 1, max: 30 })), (items, cuts) => {
        const { log, feed, nats } = makeClient();
        const wire = bytesOf(items.map((one) => one.wire).join(''));
        let at = 0;
        for (const cut of [...cuts, wire.length]) {
          if (at < wire.length) feed(wire.subarray(at, at + cut));
          at += cut;
        }
        expect(log).toEqual(items.flatMap((one) => one.log ?? []));
        expect(nats.inbound).toBeFalsy();
      }),
      { numRuns: 300 },
    );
  });

  it('is still ours behind what is the client’s', () => {
    const { log, byVendor, feed } = makeClient();
    feed(bytesOf(message(ours, 'one') + message(theirs, 'answer', 'reply ') + 'PING\r\n' + message(ours, 'two')));
    expect(log).toEqual(['ours one', 'theirs answer', 'sent PONG', 'ours two']);
    expect(byVendor()).toBe(1);
  });

  it('goes to the client where its receiver does not want it, and what is behind it to the receiver again', () => {
    const { log, byVendor, feed } = makeClient();
    feed(bytesOf(message(ours, 'one') + message(ours, leftToClient) + message(ours, 'two')));
    feed(bytesOf(message(ours, 'three')));
    expect(log).toEqual(['ours one', `ours ${leftToClient}`, 'ours two', 'ours three']);
    expect(byVendor()).toBe(1);
  });

  it('is left to the client where most of a large message has yet to come', () => {
    const { log, byVendor, feed } = makeClient();
    const large = 'x'.repeat(500_000);
    const wire = bytesOf(message(ours, large) + message(ours, 'small'));
    for (let at = 0; at < wire.length; at += 60_000) feed(wire.subarray(at, at + 60_000));
    expect(log.map((line) => line.length)).toEqual([large.length + 5, 10]);
    expect(byVendor()).toBe(2);
  });

  it('waits behind a line that the client does not know, as it does with the client alone', () => {
    const { log, feed, nats } = makeClient();
    const unknown = 'PONK\r\n' + message(ours, 'behind');
    feed(bytesOf(message(ours, 'before') + unknown));
    expect(log).toEqual(['ours before']);
    expect(nats.inbound?.toString('latin1')).toBe(unknown);
  });

  it('stops with the connection, in the middle of a chunk', () => {
    const { log, feed, nats, inbound } = makeClient();
    inbound.receive(ours, (bytes, from, to) => {
      log.push(bytes.toString('latin1', from, to));
      Object.assign(nats, { inbound: null, stream: null });
      return true;
    });
    feed(bytesOf(message(ours, 'last') + message(ours, 'never')));
    expect(log).toEqual(['last']);
    expect(nats.inbound).toBeNull();
  });

  it('is all left to the client once nobody receives, and where a user asked it to yield', () => {
    const closed = makeClient();
    closed.inbound.remove(ours);
    const yielding = makeClient({ yieldTime: 10 });
    for (const { feed } of [closed, yielding]) feed(bytesOf(message(ours, 'x') + message(theirs, 'y')));
    expect([closed.log, yielding.log]).toEqual([
      ['ours x', 'theirs y'],
      ['ours x', 'theirs y'],
    ]);
    for (const { byVendor, passes } of [closed, yielding]) expect([byVendor(), passes()]).toEqual([2, 1]);
  });

  it('is nothing where the client looks again and nothing has come', () => {
    const { log, nats } = makeClient();
    for (const nothing of [null, undefined]) {
      nats.inbound = nothing;
      nats.processInbound();
    }
    expect(log).toEqual([]);
  });
});

describe('a message of ours that comes in two pieces', () => {
  it.each([0, 1, 9, 10, 19, 90, 99, 100])('of %i bytes is whole wherever it is cut, and is read once', (size) => {
    const payload = 'm'.repeat(size);
    const wire = bytesOf(message(ours, payload) + message(ours, 'next'));
    for (let cut = 1; cut < wire.length; cut += 1) {
      const { log, byVendor, feed, nats } = makeClient();
      feed(wire.subarray(0, cut));
      feed(wire.subarray(cut));
      expect(log, `cut at ${String(cut)}`).toEqual([`ours ${payload}`, 'ours next']);
      expect(nats.inbound, `cut at ${String(cut)}`).toBeNull();
      expect(byVendor()).toBe(0);
    }
  });

  it('is waited for while at most 65 536 bytes of it are missing, and handed to the client from there on', () => {
    const payload = 'x'.repeat(100_000);
    const wire = bytesOf(message(ours, payload));
    const readBy = (missing: number): number => {
      const { log, byVendor, feed } = makeClient();
      feed(wire.subarray(0, wire.length - missing));
      feed(wire.subarray(wire.length - missing));
      expect(log).toEqual([`ours ${payload}`]);
      return byVendor();
    };
    expect([65_535, 65_536, 65_537].map(readBy)).toEqual([0, 0, 1]);
  });
});

describe('what is not ours', () => {
  it('goes to the client piece by piece as it comes', () => {
    const { log, feed, nats } = makeClient();
    const wire = bytesOf(message(theirs, 'their answer'));
    feed(wire.subarray(0, -6));
    expect(nats.inbound).toBeNull();
    feed(wire.subarray(-6));
    expect(log).toEqual(['theirs their answer']);
  });

  it('may carry bytes that look like a message of ours, and stays one payload', () => {
    const inner = message(ours, 'inner');
    const { log, feed } = makeClient();
    const wire = bytesOf(message(theirs, inner) + message(ours, 'after'));
    const cut = wire.indexOf('MSG', 1);
    feed(wire.subarray(0, cut));
    feed(wire.subarray(cut));
    expect(log).toEqual([`theirs ${inner}`, 'ours after']);
  });

  const lines = [
    // No message, though it has the fields of one.
    'XSG x 7 1\r\n!\r\n',
    'MXG x 7 1\r\n!\r\n',
    'MSX x 7 1\r\n!\r\n',
    'MSGxx 7 1\r\n!\r\n',
    'XYZ x 7 1\r\n!\r\n',
    'XYG x 7 1\r\n!\r\n',
    'MYG x 7 1\r\n!\r\n',
    'MYZ x 7 1\r\n!\r\n',
    // Fields that are no numbers, are missing, or are too many.
    'MSG x 7\r\n!\r\n',
    'MSG x 7 \r\n!\r\n',
    'MSG x 7 y\r\n!\r\n',
    'MSG x 7 1y\r\n!\r\n',
    'MSG x 7 1:\r\n!\r\n',
    'MSG x 7 /1\r\n!\r\n',
    'MSG x 7y 1\r\n!\r\n',
    'MSG x /A 1\r\n!\r\n',
    'MSG x 7 8 1\r\n!\r\n',
    'MSG x 7 r s 1\r\n!\r\n',
    // Spaces and letters that the client takes as well.
    'MSG  x 7 1\r\n!\r\n',
    'MSG x  7 1\r\n!\r\n',
    'MSG x 7  1\r\n!\r\n',
    'MSG\tx\t7\t1\r\n!\r\n',
    'msg x 7 1\r\n!\r\n',
    'msg x 8 1\r\n!\r\n',
    // Ends of lines.
    'MSG x 7 1\n!\r\n',
    'MSG x 7 1\r!\r\n',
    'MSG x 7 1\rx\n!\r\n',
    'MSG x 7 1x\n!\r\n',
    '+OK\n\r\n',
    '+OK \r\n',
    'PING\n',
    'PING\r\n',
    'ping\r\n',
    '\n',
    '\r\n',
    'PONK\r\n',
  ];

  it.each(lines)('is read as the client alone reads it: %j', (line) => {
    const wire = bytesOf(message(ours, 'before') + line + message(theirs, 'behind') + message(ours, 'last') + '\r\n');
    for (let cut = 1; cut <= wire.length; cut += 1) {
      const [alone, together] = [makeVendorClient(), makeClient()];
      for (const { feed } of [alone, together]) {
        feed(wire.subarray(0, cut));
        if (cut < wire.length) feed(wire.subarray(cut));
      }
      expect(together.log, `cut at ${String(cut)}`).toEqual(alone.log);
      expect(together.nats.inbound?.toString('latin1')).toBe(alone.nats.inbound?.toString('latin1'));
    }
  });
});

import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../../lib/core/clock.js';
import { InboundMessages } from '../../../../lib/drivers/jetstream/inbound-messages.js';
import type { ClientParser, ClientProtocol } from '../../../../lib/drivers/jetstream/vendor-internals.js';

/** What came to whom, in order: `own` for ours, `client` for what the client's parser was given. */
interface Heard {
  readonly own: string[];
  readonly client: string[];
}

/** A stand-in for the client: its parser keeps what it is given, and is between commands where that ends with a line end. */
function start(heard: Heard): { protocol: ClientProtocol; messages: InboundMessages } {
  let given = '';
  const parser: ClientParser = {
    get state() {
      return given === '' || given.endsWith('\r\n') ? 0 : 1;
    },
    parse: (bytes) => {
      given += Buffer.from(bytes).toString('latin1');
      heard.client.push(Buffer.from(bytes).toString('latin1'));
    },
  };
  const protocol: ClientProtocol = {
    ...{ parser, info: { headers: true, max_payload: 1_048_576 }, outMsgs: 0, outBytes: 0, inMsgs: 0, inBytes: 0 },
    sendCommand: () => undefined,
  };
  const messages = new InboundMessages(protocol, systemClock);
  messages.attach();
  messages.receive(7, ({ bytes, replyFrom, replyTo, headersFrom, dataFrom, dataTo }) => {
    const part = (from: number, to: number): string => bytes.toString('latin1', from, to);
    // Without a reply it is none of ours.
    if (replyFrom === replyTo) return false;
    heard.own.push(`${part(replyFrom, replyTo)}|${part(headersFrom, dataFrom)}|${part(dataFrom, dataTo)}`);
    return true;
  });
  return { protocol, messages };
}

const big = 'x'.repeat(200_000);
const commands = [
  'MSG in.box 7 $JS.ACK.a 5\r\nhello\r\n',
  'PING\r\n',
  'HMSG in.box 7 $JS.ACK.b 14 16\r\nNATS/1.0\r\nA:\r\nhi\r\n',
  'MSG in.box 7 5\r\nstate\r\n',
  'MSG other 8 $JS.ACK.c 3\r\nabc\r\n',
  'INFO {"server_id":"a"}\r\n',
  '-ERR \'Permissions Violation for Publish to "a"\'\r\n',
  'MSG in.box 7 $JS.ACK.d 0\r\n\r\n',
  'MSG in.box 7 $JS.ACK.e 9\r\nPING\r\nMSG\r\n',
];
const own = ['$JS.ACK.a||hello', '$JS.ACK.b|NATS/1.0\r\nA:\r\n|hi', '$JS.ACK.d||', '$JS.ACK.e||PING\r\nMSG'];
const client = [1, 3, 4, 5, 6].map((index) => commands[index] ?? '').join('');

describe('the messages of a stream', () => {
  it.each([1, 2, 3, 5, 7, 16, 31, 64, 1_000])('are told from all else, %i bytes at a time', (size) => {
    const heard: Heard = { own: [], client: [] };
    const { protocol } = start(heard);
    const stream = Buffer.from(commands.join(''));
    for (let at = 0; at < stream.length; at += size) protocol.parser.parse(stream.subarray(at, at + size));
    expect(heard.own).toEqual(own);
    expect(heard.client.join('')).toBe(client);
  });

  it.each([1, 1_000, 70_000, 140_000])(
    'are left to the client where they are great, and ours again behind (%i)',
    (cut) => {
      const heard: Heard = { own: [], client: [] };
      const { protocol } = start(heard);
      const great = `MSG in.box 7 $JS.ACK.g ${String(big.length)}\r\n${big}\r\n`;
      const stream = Buffer.from(great + (commands[0] ?? ''));
      protocol.parser.parse(stream.subarray(0, cut));
      protocol.parser.parse(stream.subarray(cut));
      const isLeft = cut > 100 && great.length - cut > 65_536;
      expect(heard.client.join('')).toBe(isLeft ? great : '');
      expect(heard.own).toEqual([...(isLeft ? [] : [`$JS.ACK.g||${big}`]), '$JS.ACK.a||hello']);
    },
  );

  it('are the client’s from the first that is none on, whatever comes then', () => {
    const heard: Heard = { own: [], client: [] };
    const { protocol } = start(heard);
    for (const bytes of ['MSG in.box seven 5\r\nhello\r\n', commands[0] ?? ''])
      protocol.parser.parse(Buffer.from(bytes));
    expect(heard.own).toEqual([]);
    expect(heard.client.join('')).toBe(`MSG in.box seven 5\r\nhello\r\n${commands[0] ?? ''}`);
  });

  it('count in the statistics of the client', () => {
    const { protocol } = start({ own: [], client: [] });
    protocol.parser.parse(Buffer.from(commands[2] ?? ''));
    expect(protocol).toMatchObject({ inMsgs: 1, inBytes: 16 });
  });

  it('are the client’s once their subscription has ended', () => {
    const heard: Heard = { own: [], client: [] };
    const { protocol, messages } = start(heard);
    messages.remove(7);
    protocol.parser.parse(Buffer.from(commands[0] ?? ''));
    expect(heard).toEqual({ own: [], client: [commands[0]] });
  });
});

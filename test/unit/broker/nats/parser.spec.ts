import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { NatsParser } from '../../../../lib/broker/nats/parser.js';
import type { ParserHandler, Violation } from '../../../../lib/broker/nats/parser.js';

class Recorder implements ParserHandler {
  readonly calls: unknown[][] = [];
  readonly maxPayloadBytes = 1_000;
  mayOperate = true;
  headersAllowed = true;
  connect = (options: string) => void this.calls.push(['connect', options]);
  publish = (subject: string, reply: string | undefined, payload: Buffer, headerBytes: number) =>
    void this.calls.push(['publish', subject, reply, payload.toString('latin1'), headerBytes]);
  subscribe = (subject: string, queue: string | undefined, sid: string) =>
    void this.calls.push(['subscribe', subject, queue, sid]);
  unsubscribe = (sid: string, max: number | undefined) => void this.calls.push(['unsubscribe', sid, max]);
  ping = () => void this.calls.push(['ping']);
  pong = () => void this.calls.push(['pong']);
  violation = (kind: Violation) => void this.calls.push(['violation', kind]);
}

function parse(...chunks: (string | Buffer)[]): unknown[][] {
  const recorder = new Recorder();
  const parser = new NatsParser(recorder);
  for (const chunk of chunks) parser.parse(Buffer.from(chunk as string, 'latin1'));
  return recorder.calls;
}

const conversation =
  'CONNECT {"verbose":false}\r\nPING\r\nSUB a.b 1\r\nSUB a.* workers 2\r\nPUB a.b 5\r\nhello\r\n' +
  'PUB a.b reply.to 0\r\n\r\nHPUB a.b 12 17\r\nNATS/1.0\r\n\r\nhello\r\nUNSUB 1\r\nUNSUB 2 5\r\nPONG\r\n';
const conversationCalls = [
  ['connect', '{"verbose":false}'],
  ['ping'],
  ['subscribe', 'a.b', undefined, '1'],
  ['subscribe', 'a.*', 'workers', '2'],
  ['publish', 'a.b', undefined, 'hello', 0],
  ['publish', 'a.b', 'reply.to', '', 0],
  ['publish', 'a.b', undefined, 'NATS/1.0\r\n\r\nhello', 12],
  ['unsubscribe', '1', undefined],
  ['unsubscribe', '2', 5],
  ['pong'],
];

describe('NatsParser', () => {
  it('understands every operation of a client', () => {
    expect(parse(conversation)).toEqual(conversationCalls);
  });

  it('understands them however the bytes are cut', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 60 }), (sizes) => {
        const chunks: string[] = [];
        let at = 0;
        for (let i = 0; at < conversation.length; i += 1) {
          const size = sizes[i % sizes.length]!;
          chunks.push(conversation.slice(at, at + size));
          at += size;
        }
        expect(parse(...chunks)).toEqual(conversationCalls);
      }),
    );
  });

  it('takes operations in any case, with tabs and extra spaces, and lines without a carriage return', () => {
    expect(parse('ping\npInG\r\nsub\ta.b\t \t1\r\nPub  a.b   2 \r\nhi\r\n')).toEqual([
      ['ping'],
      ['ping'],
      ['subscribe', 'a.b', undefined, '1'],
      ['publish', 'a.b', undefined, 'hi', 0],
    ]);
  });

  it('keeps every byte of a payload, line ends included', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const text = Buffer.from(bytes).toString('latin1');
        expect(parse(`PUB a ${text.length}\r\n${text}\r\nPING\r\n`)).toEqual([
          ['publish', 'a', undefined, text, 0],
          ['ping'],
        ]);
      }),
    );
  });

  it.each([
    ['an unknown operation', 'GET / HTTP/1.1\r\n', 'unknownOperation'],
    ['an unknown operation without a line end', 'HELLO', 'unknownOperation'],
    ['a payload longer than announced', 'PUB a 2\r\nhello\r\n', 'unknownOperation'],
    ['a PUB without a size', 'PUB a\r\n', 'badArguments'],
    ['a PUB with a size that is no number', 'PUB a 1x\r\n', 'badArguments'],
    ['a PUB with a negative size', 'PUB a -1\r\n', 'badArguments'],
    ['a PUB with a size of ten digits', 'PUB a 1111111111\r\n', 'badArguments'],
    ['a PUB with too many arguments', 'PUB a b c 1\r\n', 'badArguments'],
    ['a SUB without a sid', 'SUB a\r\n', 'badArguments'],
    ['an UNSUB without a sid', 'UNSUB  \r\n', 'badArguments'],
    ['a payload over the maximum', 'PUB a 1001\r\n', 'payload'],
    ['a control line over 4096 bytes', `SUB ${'a'.repeat(4_200)} 1\r\n`, 'controlLine'],
    ['a control line that never ends', `SUB ${'a'.repeat(4_200)}`, 'controlLine'],
    ['more header than message', 'HPUB a 6 5\r\nhello\r\n', 'badArguments'],
  ])('refuses %s and takes nothing after it', (_, bytes, kind) => {
    expect(parse(bytes, 'PING\r\n')).toEqual([['violation', kind]]);
  });

  it('lets nothing but CONNECT through while the client may not operate', () => {
    const recorder = new Recorder();
    recorder.mayOperate = false;
    const parser = new NatsParser(recorder);
    parser.parse(Buffer.from('CONNECT {}\r\nPING\r\n'));
    expect(recorder.calls).toEqual([
      ['connect', '{}'],
      ['violation', 'unauthorized'],
    ]);
  });

  it('survives random bytes: no throw, at most one violation', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 20 }), (chunks) => {
        const calls = parse(...chunks.map((chunk) => Buffer.from(chunk)));
        expect(calls.filter(([name]) => name === 'violation').length).toBeLessThanOrEqual(1);
      }),
      { numRuns: 500 },
    );
  });

  it('survives mutated conversations', () => {
    const mutation = fc.tuple(fc.nat(conversation.length - 1), fc.integer({ min: 0, max: 255 }));
    fc.assert(
      fc.property(fc.array(mutation, { minLength: 1, maxLength: 10 }), (mutations) => {
        const bytes = Buffer.from(conversation, 'latin1');
        for (const [at, value] of mutations) bytes[at] = value;
        expect(() => parse(bytes)).not.toThrow();
      }),
      { numRuns: 500 },
    );
  });
});

/**
 * The limit tried: a throw-away client that shows what is left to gain. A socket of its own, one write per tick, frames
 * and messages read by hand, JSON at both ends; no options, no errors, no reconnect, no redelivery. Nobody should use it.
 */
import { connect } from 'node:net';

import {
  arrivalMeter,
  eventOf,
  measured,
  publishInWindow,
  serveContestant,
  unique,
} from '../harness/serve-contestant.mjs';

const [url, clusterId] = process.argv.slice(2);
const lineFeed = 10;
const slabBytes = 1 << 16;
const firstGuid = 10_000_000;
const startAtFirst = 4;

/** Fields of a STAN request, in order: strings and small whole numbers. */
function encode(fields) {
  return Buffer.concat(
    Object.entries(fields).map(([number, value]) =>
      typeof value === 'string'
        ? Buffer.concat([Buffer.from([(number << 3) | 2, ...varint(Buffer.byteLength(value))]), Buffer.from(value)])
        : Buffer.from([number << 3, ...varint(value)]),
    ),
  );
}

function varint(value) {
  return value < 128 ? [value] : [(value & 127) | 128, ...varint(value >>> 7)];
}

/** The strings with which a STAN response begins, by the number of their field. */
function decodeStrings(bytes) {
  const strings = {};
  for (let at = 0; at < bytes.length && (bytes[at] & 7) === 2;) {
    const field = bytes[at] >> 3;
    const length = bytes[at + 1];
    strings[field] = bytes.latin1Slice(at + 2, at + 2 + length);
    at += 2 + length;
  }
  return strings;
}

class Connection {
  handlers = new Map();
  pending = new Map();
  nextGuid = firstGuid;
  nextSid = 1;
  slab = Buffer.allocUnsafe(slabBytes);
  filled = 0;
  rest = Buffer.alloc(0);
  clientId = unique('limit');

  async open() {
    const { hostname, port } = new URL(url);
    this.socket = connect(Number(port), hostname);
    this.socket.setNoDelay(true);
    await new Promise((resolve) => this.socket.once('data', resolve));
    this.socket.on('data', (chunk) => this.read(chunk));
    this.socket.write('CONNECT {"verbose":false,"pedantic":false,"lang":"limit"}\r\n');
    const heartbeats = unique('HB');
    this.subscribe(heartbeats, (_bytes, _start, _end, reply) => this.socket.write(`PUB ${reply} 0\r\n\r\n`));
    const request = encode({ 1: this.clientId, 2: heartbeats });
    const subjects = await this.request(`_STAN.discover.${clusterId}`, request);
    ({ 1: this.publishPrefix, 2: this.subscribeSubject, 4: this.closeSubject } = subjects);
    this.ackInbox = unique('ACK');
    // A PubAck of ours is 2 bytes of field and length, and 8 digits.
    this.subscribe(this.ackInbox, (bytes, start) => {
      let guid = 0;
      for (let at = start + 2; at < start + 10; at += 1) guid = guid * 10 + bytes[at] - 48;
      const onAck = this.pending.get(guid);
      this.pending.delete(guid);
      onAck();
    });
    return this;
  }

  async close() {
    this.flush();
    await this.request(this.closeSubject, encode({ 1: this.clientId }));
    this.socket.destroy();
  }

  subscribe(subject, handler) {
    this.handlers.set(this.nextSid, handler);
    this.socket.write(`SUB ${subject} ${this.nextSid}\r\n`);
    this.nextSid += 1;
  }

  /** `read` gets the response before anything that comes after it. */
  request(subject, body, read = decodeStrings) {
    const inbox = unique('REQ');
    return new Promise((resolve) => {
      this.subscribe(inbox, (bytes, start, end) => resolve(read(bytes.subarray(start, end))));
      this.socket.write(
        Buffer.concat([Buffer.from(`PUB ${subject} ${inbox} ${body.length}\r\n`), body, Buffer.from('\r\n')]),
      );
    });
  }

  /** `MSG subject sid [reply] size`, the payload, and a line's end; INFO, PING and PONG are passed over. */
  read(chunk) {
    const bytes = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    let at = 0;
    for (;;) {
      const end = bytes.indexOf(lineFeed, at);
      if (end === -1) break;
      if (bytes[at] !== 77) {
        if (bytes[at] === 80 && bytes[at + 1] === 73) this.socket.write('PONG\r\n');
        at = end + 1;
        continue;
      }
      const words = bytes.latin1Slice(at + 4, end - 1).split(' ');
      const next = end + 1 + Number(words[words.length - 1]) + 2;
      if (next > bytes.length) break;
      this.handlers.get(Number(words[1]))(bytes, end + 1, next - 2, words[2]);
      at = next;
    }
    this.rest = bytes.subarray(at);
  }

  /** A function that publishes one text to the channel; `onAck` is called when the server has it. */
  publisher(subject) {
    const head = `PUB ${this.publishPrefix}.${subject} ${this.ackInbox} `;
    const before = encode({ 1: this.clientId, 2: String(firstGuid), 3: subject }).latin1Slice();
    const guidAt = before.indexOf(String(firstGuid));
    const [start, end] = [before.slice(0, guidAt), before.slice(guidAt + 8)];
    return (text, onAck) => {
      const guid = this.nextGuid;
      this.nextGuid += 1;
      this.pending.set(guid, onAck);
      const field = String.fromCharCode((5 << 3) | 2, ...varint(text.length));
      this.write(`${head}${before.length + field.length + text.length}\r\n${start}${guid}${end}${field}${text}\r\n`);
    };
  }

  /** Subscribes from the first message on; `onText` gets what each holds, and its ack is sent after that. */
  async deliver(subject, onText) {
    const inbox = unique('MSG');
    let head;
    this.subscribe(inbox, (bytes, start, end) => {
      const { sequence, text } = readMessage(bytes, start, end);
      onText(text);
      const ack = `${subjectField}${String.fromCharCode(2 << 3, ...varint(sequence))}`;
      this.write(`${head}${ack.length}\r\n${ack}\r\n`);
    });
    const subjectField = encode({ 1: subject }).latin1Slice();
    const wanted = { 1: this.clientId, 2: subject, 4: inbox, 5: 1_024, 6: 30, 10: startAtFirst };
    await this.request(this.subscribeSubject, encode(wanted), (response) => {
      head = `PUB ${decodeStrings(response)[2]} `;
    });
  }

  /** What one turn of the event loop writes leaves in one piece. */
  write(text) {
    if (this.filled === 0) setImmediate(() => this.flush());
    if (this.filled + text.length > this.slab.length) this.flush();
    this.filled += this.slab.latin1Write(text, this.filled);
  }

  flush() {
    if (this.filled === 0) return;
    this.socket.write(this.slab.subarray(0, this.filled));
    if (this.socket.writableLength > 0) this.slab = Buffer.allocUnsafe(slabBytes);
    this.filled = 0;
  }
}

/** The sequence and the data of a message: its fields 1 and 4. */
function readMessage(bytes, start, end) {
  let sequence = 0;
  let at = start;
  const readVarint = () => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at];
      at += 1;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  while (at < end) {
    const tag = bytes[at];
    at += 1;
    const value = readVarint();
    if (tag === 8) sequence = value;
    else if (tag === 34) return { sequence, text: bytes.latin1Slice(at, at + value) };
    else if ((tag & 7) === 2) at += value;
  }
  return { sequence, text: '' };
}

const publisher = await new Connection().open();

serveContestant({
  publish: ({ subject, count, window, payloadBytes }) => {
    const event = eventOf(payloadBytes);
    const publish = publisher.publisher(subject);
    return measured(count, () => publishInWindow({ count, window }, (onAck) => publish(JSON.stringify(event), onAck)));
  },

  deliver: async ({ subjects: [subject], count }) => {
    const connection = await new Connection().open();
    const meter = arrivalMeter(count);
    await connection.deliver(subject, (text) => meter.onArrival(JSON.parse(text)));
    const result = await meter.done;
    await connection.close();
    return result;
  },
});

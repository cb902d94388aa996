import type { OutboundCommands } from './outbound-commands.js';
import { guidLength } from './publish-guids.js';
import type { PublishGuids } from './publish-guids.js';
import { varint, varintLength, writeVarint } from './varint.js';

/** Protobuf field tags of `pb.PubMsg`, all length-delimited. Source: stan.go 0.10.4 pb/protocol.proto. */
const clientIdTag = 0x0a;
const guidTag = 0x12;
const subjectTag = 0x1a;
/** Copied by the server into what it stores and sends on; no official client uses it: our headers. [STAN-PUB-8] */
const replyTag = 0x22;
const dataTag = 0x2a;
const connIdTag = 0x32;

/** A bound, for an app that makes up a subject per event. */
const maxRememberedSubjects = 1_000;

const carriageReturn = 0x0d;
const lineFeed = 0x0a;
const zero = 0x30;

/** What every event of a session carries. */
export interface PublishOrigin {
  readonly pubPrefix: string;
  readonly ackSubject: string;
  readonly clientId: string;
  readonly connId: Uint8Array;
}

interface SubjectParts {
  readonly subject: string;
  /** The `PUB` command up to its size. */
  readonly command: Buffer;
  /** The fields behind the guid, up to the length of the data. */
  readonly field: Buffer;
}

/**
 * Encodes the events of one session, each as the whole `PUB` command of NATS. By hand, with one copy of the payload: the
 * vendor's `publish()` copies it several times, and with its generated classes and a timer per event it takes about half
 * of a publish's processor time.
 */
export class PublishEncoder {
  private readonly subjects = new Map<string, SubjectParts>();
  private last: SubjectParts | undefined;
  /** From the end of the command's size on: the line's end, and the fields up to the guid. */
  private readonly clientField: Buffer;
  private readonly connField: Buffer;

  constructor(
    private readonly origin: PublishOrigin,
    private readonly guids: PublishGuids,
  ) {
    const lineEnd = Buffer.from([carriageReturn, lineFeed]);
    const clientId = field(clientIdTag, Buffer.from(origin.clientId));
    this.clientField = Buffer.concat([lineEnd, clientId, Buffer.from([guidTag, guidLength])]);
    this.connField = Buffer.concat([field(connIdTag, origin.connId), lineEnd]);
  }

  /** Sends the event with this number in its guid. `headerText` is ASCII. */
  send(to: OutboundCommands, subject: string, number: number, data: Uint8Array, headerText: string): void {
    const { clientField, connField } = this;
    const { command, field: subjectField } = this.partsOf(subject);
    const dataLength = data.byteLength;
    // An empty field is left out, as by every encoder of proto3.
    const dataFieldLength = dataLength === 0 ? 0 : 1 + varintLength(dataLength) + dataLength;
    const replyLength = headerText.length;
    const replyFieldLength = replyLength === 0 ? 0 : 1 + varintLength(replyLength) + replyLength;
    const fieldsLength = subjectField.length + replyFieldLength + dataFieldLength;
    const size = clientField.length - 2 + guidLength + fieldsLength + connField.length - 2;
    const sizeLength = decimalLength(size);
    let at = to.room(command.length + sizeLength + 2 + size + 2);
    const { bytes } = to;
    bytes.set(command, at);
    at += command.length + sizeLength;
    writeDecimal(bytes, at, size);
    bytes.set(clientField, at);
    at = this.guids.write(bytes, at + clientField.length, number);
    bytes.set(subjectField, at);
    at += subjectField.length;
    if (replyLength > 0) {
      bytes[at++] = replyTag;
      at = writeVarint(bytes, at, replyLength);
      at += bytes.write(headerText, at, 'latin1');
    }
    if (dataLength > 0) {
      bytes[at++] = dataTag;
      at = writeVarint(bytes, at, dataLength);
      bytes.set(data, at);
      at += dataLength;
    }
    bytes.set(connField, at);
    to.send();
  }

  private partsOf(subject: string): SubjectParts {
    if (this.last?.subject === subject) return this.last;
    this.last = this.subjects.get(subject) ?? this.makeParts(subject);
    return this.last;
  }

  private makeParts(subject: string): SubjectParts {
    if (this.subjects.size >= maxRememberedSubjects) this.subjects.clear();
    const { pubPrefix, ackSubject } = this.origin;
    const command = Buffer.from(`PUB ${pubPrefix}.${subject} ${ackSubject} `);
    const parts = { subject, command, field: field(subjectTag, Buffer.from(subject)) };
    this.subjects.set(subject, parts);
    return parts;
  }
}

function field(tag: number, bytes: Uint8Array): Buffer {
  return Buffer.from([tag, ...varint(bytes.length), ...bytes]);
}

function decimalLength(value: number): number {
  let length = 1;
  for (let rest = value; rest >= 10; rest = Math.floor(rest / 10)) length += 1;
  return length;
}

/** Writes a number so that it ends before `end`. */
function writeDecimal(target: Buffer, end: number, value: number): void {
  let place = end;
  let rest = value;
  do {
    const above = Math.floor(rest / 10);
    target[--place] = zero + rest - above * 10;
    rest = above;
  } while (rest > 0);
}

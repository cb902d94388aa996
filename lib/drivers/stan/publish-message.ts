import { randomBytes } from 'node:crypto';

import { varint, varintLength, writeVarint } from './varint.js';

/** Protobuf field tags of `pb.PubMsg`, all length-delimited. Source: stan.go 0.10.4 pb/protocol.proto. */
const clientIdTag = 0x0a;
const guidTag = 0x12;
const subjectTag = 0x1a;
/** Copied by the server into what it stores and sends on; no official client uses it: our headers. [STAN-PUB-8] */
const replyTag = 0x22;
const dataTag = 0x2a;
const connIdTag = 0x32;

/** As long as those that the vendor makes, which the size of an event is reckoned with. */
const guidLength = 22;
const guidPrefixLength = 12;

/** A bound, for an app that makes up a subject per event. */
const maxRememberedSubjects = 1_000;

const carriageReturn = 0x0d;
const lineFeed = 0x0a;

/** What every event of a session carries. */
export interface PublishOrigin {
  readonly pubPrefix: string;
  readonly ackSubject: string;
  readonly clientId: string;
  readonly connId: Uint8Array;
}

interface SubjectParts {
  /** The `PUB` command up to its size. */
  readonly command: string;
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
  private readonly guidPrefix = randomBytes(guidPrefixLength / 2).toString('hex');
  private guidCount = 0;
  private readonly clientField: Buffer;
  private readonly connField: Buffer;

  constructor(private readonly origin: PublishOrigin) {
    this.clientField = Buffer.concat([
      field(clientIdTag, Buffer.from(origin.clientId)),
      Buffer.from([guidTag, guidLength]),
    ]);
    this.connField = Buffer.concat([field(connIdTag, origin.connId), Buffer.from([carriageReturn, lineFeed])]);
  }

  /** One that no other event has: the server's ack names it. */
  nextGuid(): string {
    this.guidCount += 1;
    return this.guidPrefix + this.guidCount.toString(36).padStart(guidLength - guidPrefixLength, '0');
  }

  /** `headerText` is ASCII. */
  encode(subject: string, guid: string, data: Uint8Array, headerText = ''): Buffer {
    const { clientField, connField } = this;
    const parts = this.partsOf(subject);
    const dataLength = data.byteLength;
    // An empty field is left out, as by every encoder of proto3.
    const dataFieldLength = dataLength === 0 ? 0 : 1 + varintLength(dataLength) + dataLength;
    const replyLength = headerText.length;
    const replyFieldLength = replyLength === 0 ? 0 : 1 + varintLength(replyLength) + replyLength;
    const fieldsLength = parts.field.length + replyFieldLength + dataFieldLength;
    const size = clientField.length + guidLength + fieldsLength + connField.length - 2;
    const head = `${parts.command}${String(size)}\r\n`;
    const command = Buffer.allocUnsafe(head.length + size + 2);
    let at = command.write(head, 0, 'latin1');
    command.set(clientField, at);
    at += clientField.length;
    at += command.write(guid, at, 'latin1');
    command.set(parts.field, at);
    at += parts.field.length;
    if (replyLength > 0) {
      command[at++] = replyTag;
      at = writeVarint(command, at, replyLength);
      at += command.write(headerText, at, 'latin1');
    }
    if (dataLength > 0) {
      command[at++] = dataTag;
      at = writeVarint(command, at, dataLength);
      command.set(data, at);
      at += dataLength;
    }
    command.set(connField, at);
    return command;
  }

  private partsOf(subject: string): SubjectParts {
    const known = this.subjects.get(subject);
    if (known !== undefined) return known;
    if (this.subjects.size >= maxRememberedSubjects) this.subjects.clear();
    const { pubPrefix, ackSubject } = this.origin;
    // As latin1 characters, one per byte, so that the length of the text is its length on the wire.
    const command = Buffer.from(`PUB ${pubPrefix}.${subject} ${ackSubject} `).toString('latin1');
    const parts = { command, field: field(subjectTag, Buffer.from(subject)) };
    this.subjects.set(subject, parts);
    return parts;
  }
}

function field(tag: number, bytes: Uint8Array): Buffer {
  return Buffer.from([tag, ...varint(bytes.length), ...bytes]);
}

import { nowhere } from './messages.js';
import type { Ack, ConnectRequest, PubMsg, SubscriptionRequest, UnsubscribeRequest } from './messages.js';
import { ProtoReader } from './proto-reader.js';

const noBytes: Buffer = Buffer.alloc(0);

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** @throws ProtobufDecodeError */
export function decodeConnectRequest(buffer: Buffer): ConnectRequest {
  const request: Mutable<ConnectRequest> = {
    clientId: '',
    heartbeatInbox: '',
    protocol: 0,
    connectionId: noBytes,
    pingIntervalSecs: 0,
    pingMaxOut: 0,
  };
  const reader = new ProtoReader(buffer);
  while (reader.next()) {
    if (reader.field === 1) request.clientId = reader.text();
    else if (reader.field === 2) request.heartbeatInbox = reader.subject();
    else if (reader.field === 3) request.protocol = reader.int32();
    else if (reader.field === 4) request.connectionId = Buffer.from(reader.bytes());
    else if (reader.field === 5) request.pingIntervalSecs = reader.int32();
    else if (reader.field === 6) request.pingMaxOut = reader.int32();
    else reader.skip();
  }
  return request;
}

/** @throws ProtobufDecodeError */
export function decodePubMsg(buffer: Buffer): PubMsg {
  const message: Mutable<PubMsg> = {
    bytes: buffer,
    clientId: nowhere,
    guid: nowhere,
    subject: nowhere,
    reply: nowhere,
    data: nowhere,
    connectionId: nowhere,
  };
  const reader = new ProtoReader(buffer);
  while (reader.next()) {
    if (reader.field === 1) message.clientId = reader.span();
    else if (reader.field === 2) message.guid = reader.span();
    else if (reader.field === 3) message.subject = reader.span();
    else if (reader.field === 4) message.reply = reader.span();
    else if (reader.field === 5) message.data = reader.span();
    else if (reader.field === 6) message.connectionId = reader.span();
    else if (reader.field === 10) reader.span();
    else reader.skip();
  }
  return message;
}

/** @throws ProtobufDecodeError */
export function decodeSubscriptionRequest(buffer: Buffer): SubscriptionRequest {
  const request: Mutable<SubscriptionRequest> = {
    clientId: '',
    subject: '',
    queueGroup: '',
    inbox: '',
    maxInFlight: 0,
    ackWaitSecs: 0,
    durableName: '',
    startPosition: 0,
    startSequence: 0,
    startTimeDeltaNs: 0n,
  };
  const reader = new ProtoReader(buffer);
  while (reader.next()) readSubscriptionField(reader, request);
  return request;
}

function readSubscriptionField(reader: ProtoReader, request: Mutable<SubscriptionRequest>): void {
  if (reader.field === 1) request.clientId = reader.text();
  else if (reader.field === 2) request.subject = reader.text();
  else if (reader.field === 3) request.queueGroup = reader.text();
  else if (reader.field === 4) request.inbox = reader.subject();
  else if (reader.field === 5) request.maxInFlight = reader.int32();
  else if (reader.field === 6) request.ackWaitSecs = reader.int32();
  else if (reader.field === 7) request.durableName = reader.text();
  else if (reader.field === 10) request.startPosition = reader.int32();
  else if (reader.field === 11) request.startSequence = reader.number();
  else if (reader.field === 12) request.startTimeDeltaNs = reader.int64();
  else reader.skip();
}

/** @throws ProtobufDecodeError */
export function decodeUnsubscribeRequest(buffer: Buffer): UnsubscribeRequest {
  const request: Mutable<UnsubscribeRequest> = { clientId: '', subject: '', inbox: '', durableName: '' };
  const reader = new ProtoReader(buffer);
  while (reader.next()) {
    if (reader.field === 1) request.clientId = reader.text();
    else if (reader.field === 2) request.subject = reader.text();
    else if (reader.field === 3) request.inbox = reader.subject();
    else if (reader.field === 4) request.durableName = reader.text();
    else reader.skip();
  }
  return request;
}

/** @throws ProtobufDecodeError */
export function decodeAck(buffer: Buffer): Ack {
  const ack: Mutable<Ack> = { bytes: buffer, subject: nowhere, sequence: 0 };
  const reader = new ProtoReader(buffer);
  while (reader.next()) {
    if (reader.field === 1) ack.subject = reader.span();
    else if (reader.field === 2) ack.sequence = reader.number();
    else reader.skip();
  }
  return ack;
}

/** The client id of a CloseRequest. @throws ProtobufDecodeError */
export function decodeCloseRequest(buffer: Buffer): string {
  let clientId = '';
  const reader = new ProtoReader(buffer);
  while (reader.next()) {
    if (reader.field === 1) clientId = reader.text();
    else reader.skip();
  }
  return clientId;
}

/** The connection id of a Ping. @throws ProtobufDecodeError */
export function decodePing(buffer: Buffer): Buffer {
  let connectionId: Buffer = noBytes;
  const reader = new ProtoReader(buffer);
  while (reader.next()) {
    if (reader.field === 1) connectionId = reader.bytes();
    else reader.skip();
  }
  return connectionId;
}

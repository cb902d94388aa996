// node-nats-streaming makes guid and connection id with nuid: 22 characters each.
const nuidBytes = 22;

/**
 * How many bytes one event takes on its way to the server, which counts them against its maximum payload: the payload
 * inside a `PubMsg` of STAN's client protocol, exact to the byte. The `MsgProto` in which the server sends it on is
 * never larger.
 * @internal
 */
export function pubMsgBytes(clientId: string, subject: string, payloadBytes: number, headerBytes = 0): number {
  return (
    fieldBytes(Buffer.byteLength(clientId)) +
    fieldBytes(nuidBytes) +
    fieldBytes(Buffer.byteLength(subject)) +
    fieldBytes(headerBytes) +
    fieldBytes(payloadBytes) +
    fieldBytes(nuidBytes)
  );
}

/** A length-delimited protobuf field with a number below 16; an empty one is left out. */
function fieldBytes(length: number): number {
  return length === 0 ? 0 : 1 + varintBytes(length) + length;
}

function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest >= 128; rest /= 128) bytes += 1;
  return bytes;
}

/**
 * The most bytes of data that fit into one event. Asked for every publish, nearly always for the same subject as before:
 * the last answer is kept.
 * @internal
 */
export class DataLimit {
  private subject: string | undefined;
  private headerBytes = 0;
  private limitBytes = 0;
  private answer = 0;

  constructor(private readonly clientId: string) {}

  /** For a server that takes at most `limitBytes` per message. Negative where not even an empty event fits. */
  of(limitBytes: number, subject: string, headerBytes: number): number {
    if (subject === this.subject && headerBytes === this.headerBytes && limitBytes === this.limitBytes)
      return this.answer;
    this.subject = subject;
    this.headerBytes = headerBytes;
    this.limitBytes = limitBytes;
    this.answer = largestField(limitBytes - pubMsgBytes(this.clientId, subject, 0, headerBytes));
    return this.answer;
  }
}

/** The longest content of a field that takes at most `bytes` in all. */
function largestField(bytes: number): number {
  let lengthBytes = 1;
  while (varintBytes(bytes - 1 - lengthBytes) > lengthBytes) lengthBytes += 1;
  // A field of no content is left out, and takes nothing.
  return bytes >= 0 ? Math.max(0, bytes - 1 - lengthBytes) : bytes;
}

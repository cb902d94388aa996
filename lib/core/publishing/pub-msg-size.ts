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

export { encodeWithAdded } from './added-headers.js';
export { DecodedEvent, headersOf } from './decoded-event.js';
export { decoderOf, encoderOf, isPromise, jsonCodec, type Decoder, type Encoder } from './codec.js';
export {
  decodeHeaders,
  encodeHeaders,
  noHeaders,
  setHeaders,
  toHeaders,
  type StanEmitOptions,
  type StanHeaders,
} from './headers.js';
export { decodeJson, encodeJson } from './json.js';
export { outboxEnvelope } from './outbox-envelope.js';
export { refuseWhatIsNoData } from './no-data.js';

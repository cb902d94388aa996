export { encodeWithAdded } from './added-headers.js';
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
export { refuseWhatIsNoData } from './no-data.js';

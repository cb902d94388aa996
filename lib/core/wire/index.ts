export { decoderOf, encoderOf, isPromise, jsonCodec, type Decoder, type Encoder } from './codec.js';
export { decodeJson, encodeJson } from './json.js';

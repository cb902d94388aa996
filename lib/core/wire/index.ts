export { decoderOf, encoderOf, isPromise, jsonCodec, type Codec, type Decoder, type Encoder } from './codec.js';
export { decodeJson, encodeJson } from './json.js';

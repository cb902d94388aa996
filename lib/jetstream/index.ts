/* The door nestjs-stan/jetstream: JetStream instead of NATS Streaming, over @nats-io/transport-node, an optional peer. */

export { jetstream } from './jetstream.js';
export { JetStreamOptions, JetStreamStreamOptions } from '../drivers/jetstream/jetstream-options.js';

/* The entry point nestjs-stan/jetstream: JetStream instead of NATS Streaming; @nats-io/transport-node is an optional peer. */

export { jetstream } from './jetstream.js';
export { JetStreamOptions, JetStreamStreamOptions } from '../drivers/jetstream/jetstream-options.js';

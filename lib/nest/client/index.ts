export { ClientStan } from './client-stan.js';
export type { PublishErrorEvent, StanClientEvents } from './stan-client-events.js';

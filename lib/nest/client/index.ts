export { ClientStan } from './client-stan.js';
export { StanRecord, StanRecordBuilder } from './stan-record.js';
export type { PublishErrorEvent, StanClientEvents } from './stan-client-events.js';

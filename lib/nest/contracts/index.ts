export { declareEvents, DeclaredEvents, defineEvents, EventContract } from './event-contract.js';
export type { EmittedBy, EventHandlerDecorator, EventMapOf, HandledBy } from './event-contract.js';
export type { PayloadOf, SubjectOf } from './typed-events.js';

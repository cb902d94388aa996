export {
  isDeliveryObserved,
  stanChannels,
  publishConnectionEvent,
  publishDeliveryEvent,
  type ObservedConnection,
  type ObservedDelivery,
} from './channels.js';
export { GuardedTelemetry } from './guarded-telemetry.js';
export { HandleObserver } from './handle-observer.js';
export { PublishObserver, type PublishSettledEvent } from './publish-observer.js';
export { serverAddressOf, type ServerAddress } from './server-address.js';
export { traceIdIn } from './trace-id.js';

/**
 * The texts in which the server refuses a request; clients compare them.
 * Source: nats-streaming-server 0.25.6 server/server.go, stores/store.go.
 * @internal
 */
export const stanErrorTexts = {
  invalidSubject: 'stan: invalid subject',
  invalidStart: 'stan: invalid start position',
  invalidSubscription: 'stan: invalid subscription',
  invalidClient: 'stan: clientID already registered',
  missingClient: 'stan: clientID missing',
  invalidClientId: 'stan: invalid clientID: only alphanumeric and `-` or `_` characters allowed',
  invalidAckWait: 'stan: invalid ack wait time, should be >= 1s',
  invalidMaxInFlight: 'stan: invalid MaxInflight, should be >= 1',
  invalidConnectRequest: 'stan: invalid connection request',
  invalidPublishRequest: 'stan: invalid publish request',
  invalidSubscriptionRequest: 'stan: invalid subscription request',
  invalidUnsubscribeRequest: 'stan: invalid unsubscribe request',
  invalidCloseRequest: 'stan: invalid close request',
  duplicateDurable: 'stan: duplicate durable registration',
  invalidDurableName: "stan: durable name of a durable queue subscriber can't contain the character ':'",
  unknownClient: 'stan: unknown clientID',
  unknownChannel: 'stan: unknown channel',
  tooManyChannels: 'too many channels',
  tooManySubscriptions: 'too many subscriptions per channel',
  replacedClient: 'client has been replaced or is no longer registered',
} as const;

/** A request that the server refuses, with the text that the client gets. @internal */
export class Refusal extends Error {}

/** The refusal of a channel that differs from an existing one by case alone. @internal */
export function channelCaseText(name: string, existing: string): string {
  return `rejecting channel "${name}" because channel "${existing}" alreay exists (different cases not allowed)`;
}

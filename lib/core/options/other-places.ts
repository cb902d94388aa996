import { nearestName } from '../errors/nearest-name.js';
import { namesOf } from '../option-rules/option-group.js';
import { ReconnectOptions } from './connection-options.js';
import { clientOptionGroups, serverOptionGroups } from './server-options.js';
import { DeadLetterOptions, RetryOptions, StanSubscriptionOptions } from './subscription-options.js';

/** Whose options are read; a handler's are subscription options without a name of their own before them. */
export type OptionRole = 'server' | 'client' | 'handler';

/** A group of options by the path under which it stands; the outermost has an empty one. */
type Groups = readonly (readonly [path: string, names: readonly string[]])[];

const subscriptionNames = namesOf(StanSubscriptionOptions);

/** What the NATS client takes, and this package hands on (node-nats-streaming 0.3.2 and nats 1.4.12, index.d.ts). */
const vendorNames = [
  ...['tls', 'user', 'pass', 'token', 'tokenHandler', 'nkey', 'nonceSigner', 'userCreds', 'userJWT', 'name'],
  ...['verbose', 'pedantic', 'noEcho', 'noRandomize', 'reconnectJitter', 'reconnectJitterTLS', 'yieldTime'],
  ...['reconnect', 'maxReconnectAttempts', 'reconnectTimeWait', 'waitOnFirstConnect', 'useOldRequestStyle'],
];

const serverGroups: Groups = [
  ['', serverOptionGroups.flatMap(namesOf)],
  ['subscription', subscriptionNames],
  ['reconnect', namesOf(ReconnectOptions)],
  ['subscription.retry', namesOf(RetryOptions)],
  ['subscription.deadLetter', namesOf(DeadLetterOptions)],
  ['connection', vendorNames],
];

const clientGroups: Groups = [
  ['', clientOptionGroups.flatMap(namesOf)],
  ['reconnect', namesOf(ReconnectOptions)],
  ['connection', vendorNames],
];

const handlerGroups: Groups = [
  ['', subscriptionNames],
  ['retry', namesOf(RetryOptions)],
  ['deadLetter', namesOf(DeadLetterOptions)],
];

/** Names that node-nats-streaming, other clients and other transports have for our options. */
const otherNames = new Map<string, string>(
  Object.entries({
    servers: ['url', 'uri', 'urls'],
    clusterId: ['cluster', 'clusterID', 'stanClusterID'],
    clientId: ['clientID', 'stanClientID'],
    connectTimeoutMs: ['connectTimeout', 'connectWait', 'timeout'],
    pingIntervalMs: ['stanPingInterval', 'pingInterval', 'pings'],
    maxPingsOut: ['stanMaxPingOut', 'maxPingOut'],
    publishTimeoutMs: ['ackTimeout', 'pubAckWait'],
    maxPublishInFlight: ['maxPubAcksInflight', 'maxPubAcksInFlight'],
    drainTimeoutMs: ['drainTimeout', 'gracefulShutdownTimeout', 'shutdownTimeout'],
    initialDelayMs: ['reconnectTimeWait'],
    giveUpAfterMs: ['maxReconnectAttempts'],
    firstConnectTimeoutMs: ['waitOnFirstConnect'],
    pass: ['password'],
    user: ['username'],
    userJWT: ['jwt', 'JWT'],
    queueGroup: ['qGroup', 'queue', 'group', 'queueGroupName'],
    durableName: ['durable', 'setDurableName'],
    startAt: [
      ...[
        'startPosition',
        'startSequence',
        'startTime',
        'startTimeDelta',
        'deliverAllAvailable',
        'startWithLastReceived',
      ],
      ...[
        'setStartAtSequence',
        'setStartTime',
        'setStartAtTimeDelta',
        'setDeliverAllAvailable',
        'setStartWithLastReceived',
      ],
    ],
    ackMode: ['manualAcks', 'manualAck', 'manualAckMode', 'setManualAckMode', 'noAck', 'autoAck'],
    ackWaitMs: ['ackWait', 'setAckWait', 'ackWaitInSecs'],
    maxInFlight: ['setMaxInFlight', 'prefetchCount'],
    maxDeliveries: ['maxDeliver', 'maxRedeliveries', 'maxRetries'],
    attempts: ['retryAttempts', 'maxAttempts'],
    delayMs: ['retryDelay', 'backoffMs'],
    deadLetter: ['deadLetterSubject', 'deadLetterQueue', 'dlq'],
  }).flatMap(([ours, others]) => others.map((other) => [other, ours] as const)),
);

/**
 * Where an option belongs that stands at the wrong place, or under the name that another client has for it; `undefined`
 * where nothing like it is known.
 * @param path - the group in which it was found; `undefined` for the outermost
 */
export function placeElsewhere(role: OptionRole, name: string, path = ''): string | undefined {
  const { own, others } = groupsOf(role);
  const wanted = otherNames.get(name) ?? name;
  return find(own, wanted, path) ?? ofServer(find(others, wanted, undefined)) ?? misspelt(own, wanted, path);
}

/** The right place of one of our options that was given among those of the NATS client, which does not know it. */
export function placeOfOurs(name: string): string | undefined {
  if (vendorNames.includes(name)) return undefined;
  const ours = serverGroups.filter(([path]) => path !== 'connection');
  return find(ours, name, undefined) ?? find(ours, otherNames.get(name) ?? name, undefined);
}

function groupsOf(role: OptionRole): { readonly own: Groups; readonly others: Groups } {
  if (role === 'server') return { own: serverGroups, others: [] };
  return { own: role === 'client' ? clientGroups : handlerGroups, others: serverGroups };
}

function find(groups: Groups, name: string, foundIn: string | undefined): string | undefined {
  // The group where it was found comes first: an old name may have its new one beside it.
  const own = groups.find(([path]) => path === foundIn);
  const group = [...(own === undefined ? [] : [own]), ...groups].find(([, names]) => names.includes(name));
  return group === undefined ? undefined : pathTo(group[0], name);
}

function misspelt(groups: Groups, name: string, foundIn: string): string | undefined {
  const here = groups.find(([path]) => path === foundIn)?.[1] ?? [];
  if (nearestName(name, here) !== undefined) return undefined;
  for (const [path, names] of groups) {
    const nearest = nearestName(name, names);
    if (nearest !== undefined) return pathTo(path, nearest);
  }
  return undefined;
}

function pathTo(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}

function ofServer(place: string | undefined): string | undefined {
  return place === undefined ? undefined : `${place} of ServerStan`;
}

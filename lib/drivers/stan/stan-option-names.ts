import type { DriverOptionNames } from '../../core/options/driver-option-names.js';

/** Option names of the vendor's client, and what it, other clients and other transports call ours. */
export const stanOptionNames: DriverOptionNames = {
  // node-nats-streaming 0.3.2 and nats 1.4.12, index.d.ts
  passedOn: [
    ...['tls', 'user', 'pass', 'token', 'tokenHandler', 'nkey', 'nonceSigner', 'userCreds', 'userJWT', 'name'],
    ...['verbose', 'pedantic', 'noEcho', 'noRandomize', 'reconnectJitter', 'reconnectJitterTLS', 'yieldTime'],
    ...['reconnect', 'maxReconnectAttempts', 'reconnectTimeWait', 'waitOnFirstConnect', 'useOldRequestStyle'],
  ],
  setByDriver: [
    ...['url', 'servers', 'connectTimeout', 'stanPingInterval', 'stanMaxPingOut', 'ackTimeout', 'maxPubAcksInflight'],
    ...['nc', 'encoding', 'stanEncoding', 'json', 'preserveBuffers'],
  ],
  otherNames: {
    servers: ['url', 'uri', 'urls', 'host', 'hostname', 'port', 'brokers'],
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
    queueGroup: ['qGroup', 'queue', 'group', 'groupId', 'queueGroupName'],
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
    ackWaitMs: ['ackWait', 'ack_wait', 'setAckWait', 'ackWaitInSecs'],
    maxInFlight: ['setMaxInFlight', 'prefetchCount'],
    maxDeliveries: ['maxDeliver', 'maxRedeliveries', 'maxRetries'],
    attempts: ['retryAttempts', 'maxAttempts'],
    delayMs: ['retryDelay', 'backoffMs'],
    deadLetter: ['deadLetterSubject', 'deadLetterQueue', 'dlq'],
  },
};

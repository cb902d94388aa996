/**
 * What the server says in `-ERR`; clients compare these. Source: nats-server 2.9.24 server/client.go, errors.go.
 * @internal
 */
export const errorTexts = {
  unknownOperation: 'Unknown Protocol Operation',
  maximumControlLine: 'maximum control line exceeded',
  maximumPayload: 'Maximum Payload Violation',
  maximumConnections: 'maximum connections exceeded',
  authorizationViolation: 'Authorization Violation',
  authenticationTimeout: 'Authentication Timeout',
  staleConnection: 'Stale Connection',
  invalidSubject: 'Invalid Subject',
  invalidPublishSubject: 'Invalid Publish Subject',
  badClientProtocol: 'invalid client protocol',
  noRespondersWithoutHeaders: 'no responders requires headers support',
} as const;

import type { Attributes } from '@opentelemetry/api';

import { describeError } from '../../core/errors/describe-error.js';
import { StanError } from '../../core/errors/stan.error.js';
import type { HandleAbout, PublishAbout } from '../../core/options/index.js';

/** What spans and metrics of a publish share: few values each. */
export function publishAttributes(
  { messagingSystem, serverAddress, serverPort }: PublishAbout,
  subject: string,
): Attributes {
  return {
    'messaging.system': messagingSystem,
    'messaging.operation.name': 'publish',
    'messaging.operation.type': 'send',
    'messaging.destination.name': subject,
    ...serverAttributes(serverAddress, serverPort),
  };
}

/** What spans and metrics of a run share: few values each. */
export function handleAttributes(about: HandleAbout): Attributes {
  const { subject, queueGroup, durableName, messagingSystem, serverAddress, serverPort } = about;
  return {
    'messaging.system': messagingSystem,
    'messaging.operation.name': 'process',
    'messaging.operation.type': 'process',
    'messaging.destination.name': subject,
    ...(queueGroup !== undefined && { 'messaging.consumer.group.name': queueGroup }),
    ...(durableName !== undefined && { 'messaging.destination.subscription.name': durableName }),
    ...serverAttributes(serverAddress, serverPort),
  };
}

/** `error.type`: the code of our own errors, else the error's name. */
export function errorType(error: unknown): string {
  if (error instanceof StanError) return error.code;
  return error instanceof Error ? describeError(error).name : '_OTHER';
}

function serverAttributes(address: string | undefined, port: number | undefined): Attributes {
  return {
    ...(address !== undefined && { 'server.address': address }),
    ...(port !== undefined && { 'server.port': port }),
  };
}

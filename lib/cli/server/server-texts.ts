import type { StanBroker } from '../../broker/index.js';
import { formatCount, formatDuration, formatSize } from './go-values.js';
import { serverFlags, spell, valueName } from './server-flags.js';
import type { ServerSettings } from './server-settings.js';

/** What `--help` prints. @internal */
export function helpText(): string {
  const rows = serverFlags.map((flag) => {
    const spelled = flag.names.map(spell).join(', ');
    const value = valueName(flag);
    return { left: `${spelled}${value === undefined ? '' : ` ${value}`}`, help: flag.help };
  });
  const width = 38;
  const lines = rows.map(({ left, help }) =>
    left.length <= width ? `  ${left.padEnd(width)}  ${help}` : `  ${left}\n  ${' '.repeat(width)}  ${help}`,
  );
  return `Usage: nestjs-stan server [flags]

Runs a STAN server in this process, for development and tests; production runs nats-streaming-server.
Its flags are that server's own: one dash or two, "-p 4222" or "-p=4222", durations such as 5s or 1m30s.

${lines.join('\n')}

Example: nestjs-stan server -p 4222 -m 8222 -hbi 5s -hbt 5s -hbf 2 -SD -cid ticketing`;
}

/** What is printed once the server serves. @internal */
export function banner(broker: StanBroker, settings: ServerSettings, version: string): string {
  const facts: readonly (readonly [string, string])[] = [
    ['cluster id', settings.clusterId],
    ['clients', broker.url],
    [
      'monitoring',
      broker.monitoringUrl === undefined ? 'off (-m <port> turns it on)' : `${broker.monitoringUrl}/streaming`,
    ],
    ['access', describeAccess(settings)],
    [
      'store',
      settings.store === 'FILE' ? `files in ${settings.directory ?? ''}` : 'memory: gone when this process ends',
    ],
    ['heartbeats', describeHeartbeats(settings)],
    ['limits', describeLimits(settings)],
  ];
  return `nestjs-stan ${version}: STAN server for development and tests

${facts.map(([name, value]) => `  ${name.padEnd(12)}${value}`).join('\n')}

Ready. Ctrl+C stops it.`;
}

function describeAccess({ host, user, token }: ServerSettings): string {
  const reach = host === '0.0.0.0' || host === '::' ? 'from the network' : `through ${host}`;
  if (user !== undefined) return `${reach}, as user ${user}`;
  return token === undefined ? `${reach}, everybody` : `${reach}, with the token`;
}

function describeHeartbeats({ heartbeatIntervalMs, heartbeatTimeoutMs, maxFailedHeartbeats }: ServerSettings): string {
  const every = formatDuration(heartbeatIntervalMs);
  const within = formatDuration(heartbeatTimeoutMs);
  return `every ${every}, answered within ${within}; ${String(maxFailedHeartbeats)} may fail before a client is closed`;
}

function describeLimits(settings: ServerSettings): string {
  const { maxChannels, maxMessages, maxBytes, maxSubscriptions, maxAgeMs, maxInactivityMs } = settings;
  const count = (limit: number, noun: string) =>
    limit === 0 ? `any number of ${noun}` : `${formatCount(limit)} ${noun}`;
  return [
    count(maxChannels, 'channels'),
    `each with ${count(maxMessages, 'messages')}`,
    maxBytes === 0 ? 'any size' : formatSize(maxBytes),
    count(maxSubscriptions, 'subscriptions'),
    ...(maxAgeMs === 0 ? [] : [`kept for ${formatDuration(maxAgeMs)}`]),
    ...(maxInactivityMs === 0 ? [] : [`deleted after ${formatDuration(maxInactivityMs)} without use`]),
  ].join(', ');
}

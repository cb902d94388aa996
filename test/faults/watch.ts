import type { ClientStan, ServerStan, StanConnectionEvent, StanStatus } from 'nestjs-stan';

/** What a server or client told about its connection since it was watched. */
export interface ConnectionWatch {
  /** The status when the watch began, and every change since. */
  readonly statuses: readonly StanStatus[];
  readonly events: readonly StanConnectionEvent[];
  /** The events' types, in order. */
  readonly types: readonly StanConnectionEvent['type'][];
  /** How often an event of this type has come. */
  count(type: StanConnectionEvent['type']): number;
}

const types = [
  'connectAttemptFailed',
  'transportLost',
  'transportRestored',
  'serverSilent',
  'serverAnswered',
  'sessionLost',
  'sessionRestored',
  'subscribeAttemptFailed',
  'gaveUp',
  'warning',
] as const satisfies readonly StanConnectionEvent['type'][];

/** Watches a connection; may begin before it is opened. */
export function watchConnection(connection: ServerStan | ClientStan): ConnectionWatch {
  const statuses: StanStatus[] = [];
  const events: StanConnectionEvent[] = [];
  connection.status.subscribe((status) => void statuses.push(status));
  // The two have these events in common, which their generic signatures do not show to a union of both.
  const listen = connection.on.bind(connection) as (
    type: string,
    listener: (event: StanConnectionEvent) => void,
  ) => void;
  for (const type of types) listen(type, (event) => void events.push(event));
  return {
    statuses,
    events,
    get types() {
      return events.map(({ type }) => type);
    },
    count: (type) => events.filter((event) => event.type === type).length,
  };
}

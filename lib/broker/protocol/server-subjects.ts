/** Where the server listens. Source: nats-streaming-server 0.25.6 server/server.go start(). @internal */
export interface ServerSubjects {
  readonly discover: string;
  readonly pings: string;
  /** A prefix: the channel follows. */
  readonly publish: string;
  readonly subscribe: string;
  readonly subClose: string;
  readonly unsubscribe: string;
  readonly close: string;
}

/** @internal */
export function serverSubjects(clusterId: string): ServerSubjects {
  return {
    discover: `_STAN.discover.${clusterId}`,
    pings: `_STAN.discover.${clusterId}.pings`,
    publish: `_STAN.pub.${clusterId}`,
    subscribe: `_STAN.sub.${clusterId}`,
    subClose: `_STAN.subclose.${clusterId}`,
    unsubscribe: `_STAN.unsub.${clusterId}`,
    close: `_STAN.close.${clusterId}`,
  };
}

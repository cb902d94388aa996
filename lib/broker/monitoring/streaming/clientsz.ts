import type { Client } from '../../streaming/state/client.js';
import type { MonitoringView } from '../view/monitoring-view.js';
import { pageOf, pagingOf, wantsSubscriptions } from '../view/paging.js';
import { subscriptionz } from './subscriptionz.js';

/** The list of clients. @internal */
export function clientsz(view: MonitoringView, query: URLSearchParams): object {
  const paging = pagingOf(query);
  const clients = view.streaming.clients.all().sort((a, b) => (a.id < b.id ? -1 : 1));
  const page = pageOf(clients, paging);
  return {
    ...view.head,
    ...paging,
    count: page.length,
    total: clients.length,
    clients: page.map((client) => describe(client, wantsSubscriptions(query))),
  };
}

/** One client; undefined where there is none of that id. @internal */
export function clientz(view: MonitoringView, query: URLSearchParams): object | undefined {
  const client = view.streaming.clients.get(query.get('client') ?? '');
  return client === undefined ? undefined : describe(client, wantsSubscriptions(query));
}

function describe(client: Client, withSubscriptions: boolean): object {
  const { record, subscriptions } = client;
  return {
    id: client.id,
    hb_inbox: record.heartbeatInbox,
    subs_count: subscriptions.length,
    ...(withSubscriptions && subscriptions.length > 0 && { subscriptions: byChannel(client) }),
  };
}

/** A map first: a channel may be called `constructor` or `__proto__`. */
function byChannel(client: Client): Record<string, object[]> {
  const channels = new Map<string, object[]>();
  for (const subscription of client.subscriptions) {
    const { channel } = subscription;
    const listed = channels.get(channel);
    if (listed !== undefined) listed.push(subscriptionz(subscription));
    else channels.set(channel, [subscriptionz(subscription)]);
  }
  return Object.fromEntries(channels);
}

import type { Channel } from '../../streaming/state/channel.js';
import { subscriptionCount } from '../view/monitoring-view.js';
import type { MonitoringView } from '../view/monitoring-view.js';
import { pageOf, pagingOf, wantsSubscriptions } from '../view/paging.js';
import { subscriptionz } from './subscriptionz.js';

/** The list of channels: names alone, or with all they are where subscriptions are asked for. @internal */
export function channelsz(view: MonitoringView, query: URLSearchParams): object {
  const paging = pagingOf(query);
  const channels = view.streaming.channels.all().sort((a, b) => (a.name < b.name ? -1 : 1));
  const page = pageOf(channels, paging);
  const content = wantsSubscriptions(query)
    ? { channels: page.map((channel) => describe(channel, true)) }
    : { names: page.map((channel) => channel.name) };
  return {
    ...view.head,
    ...paging,
    count: page.length,
    total: channels.length,
    ...(page.length > 0 && content),
  };
}

/** One channel; undefined where there is none of that name. @internal */
export function channelz(view: MonitoringView, query: URLSearchParams): object | undefined {
  const channel = view.streaming.channels.get(query.get('channel') ?? '');
  return channel === undefined ? undefined : describe(channel, wantsSubscriptions(query));
}

function describe(channel: Channel, withSubscriptions: boolean): object {
  const { messages, subscriptions } = channel;
  const listed = withSubscriptions ? [...subscriptions.online(), ...subscriptions.offline()] : [];
  return {
    name: channel.name,
    msgs: messages.count,
    bytes: channel.bytes,
    first_seq: messages.firstSequence,
    last_seq: messages.lastSequence,
    subs_count: subscriptionCount(channel),
    ...(listed.length > 0 && { subscriptions: listed.map(subscriptionz) }),
  };
}

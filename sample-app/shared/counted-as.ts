import { ticketTurns } from './order-events.js';
import type { ShopEvents, Subject } from './shop-events.js';
import { ticketVersions } from './ticket-events.js';

/** What an event counts as at its receivers: which ticket it is about, and the how-manieth of its kind. */
export function countedAs(event: ShopEvents[Subject]): { readonly id: string; readonly version: number } {
  return 'turn' in event
    ? { id: ticketTurns.key(event), version: ticketTurns.version(event) }
    : { id: ticketVersions.key(event), version: ticketVersions.version(event) };
}

import { MonitoringError } from '../core/errors/monitoring.error.js';
import type { StanMonitoringOptions } from './monitoring-options.js';
import { resolveMonitoringOptions } from './monitoring-options.js';
import type { Answer, Endpoint, Query } from './monitoring-request.js';
import { askEndpoint } from './monitoring-request.js';
import type { Channelsz, Channelz, Clientsz, Clientz, Serverz, Storez } from './streaming-facts.js';

/** What the server itself takes where no limit is given (defaultMonitorListLimit). */
const pageSize = 1_024;

/**
 * Which page of a list, and whether each row comes with its subscriptions. Left out: the first 1024 rows, without.
 * @publicApi
 */
export interface PageQuery {
  /** Rows at most: a whole number from 1. */
  readonly limit?: number;
  /** Rows to skip: a whole number from 0. */
  readonly offset?: number;
  readonly subscriptions?: boolean;
}

/**
 * Whether a row comes with its subscriptions.
 * @publicApi
 */
export type RowQuery = Pick<PageQuery, 'subscriptions'>;

/**
 * A client of the server's monitoring endpoints, in the server's own words: what it says is returned as it is. Each
 * method asks once and rejects with a MonitoringError (STAN_MONITORING_FAILED) where the answer is not as it should be.
 * @throws InvalidOptionError (STAN_INVALID_OPTION) from the constructor
 * @publicApi
 */
export class StanMonitoring {
  private readonly endpoint: Endpoint;

  constructor(options: StanMonitoringOptions = {}) {
    const { url, timeoutMs } = resolveMonitoringOptions(options);
    this.endpoint = { url: new URL(url), timeoutMs };
  }

  /** The server as a whole. */
  async serverz(): Promise<Serverz> {
    return demand<Serverz>(await this.ask('serverz'), 'version');
  }

  /**
   * Whether this server is the active one of a fault tolerance group; false for a standby, and for a server that belongs to
   * no such group. Of a raft cluster `serverz()` tells, by `role`.
   */
  async isFTActive(): Promise<boolean> {
    const { status, url } = await this.ask('isFTActive');
    if (status === 404) throw new MonitoringError(url, 'HTTP 404', { status });
    return status === 200;
  }

  /** The store, its limits and what is in it. */
  async storez(): Promise<Storez> {
    return demand<Storez>(await this.ask('storez'), 'limits');
  }

  /** One page of the clients, sorted by id. */
  async clientsz(query: PageQuery = {}): Promise<Clientsz> {
    return demand<Clientsz>(await this.ask('clientsz', pageOf(query)), 'clients');
  }

  /** One client, or `undefined` where the server knows none of this id. */
  async clientz(clientId: string, query: RowQuery = {}): Promise<Clientz | undefined> {
    const answer = await this.ask('clientsz', { client: clientId, ...pageOf(query) });
    return isUnknown(answer, 'Client') ? undefined : demand<Clientz>(answer, 'id');
  }

  /** One page of the channels, sorted by name: their names, or, with subscriptions asked for, the channels themselves. */
  async channelsz(query: PageQuery = {}): Promise<Channelsz> {
    return demand<Channelsz>(await this.ask('channelsz', pageOf(query)), 'total');
  }

  /** One channel, or `undefined` where nobody has used one of this name. */
  async channelz(name: string, query: RowQuery = {}): Promise<Channelz | undefined> {
    const answer = await this.ask('channelsz', { channel: name, ...pageOf(query) });
    return isUnknown(answer, 'Channel') ? undefined : demand<Channelz>(answer, 'name');
  }

  /** All clients, page after page; one that comes or goes meanwhile may be missed or seen twice. */
  async *clients(query: RowQuery = {}): AsyncGenerator<Clientz, void, undefined> {
    for (let offset = 0; ; offset += pageSize) {
      const { clients, total } = await this.clientsz({ ...query, limit: pageSize, offset });
      yield* clients;
      if (offset + pageSize >= total) return;
    }
  }

  /** All channels with their subscriptions, page after page; one that comes or goes meanwhile may be missed or seen twice. */
  async *channels(): AsyncGenerator<Channelz, void, undefined> {
    for (let offset = 0; ; offset += pageSize) {
      const { channels = [], total } = await this.channelsz({ subscriptions: true, limit: pageSize, offset });
      yield* channels;
      if (offset + pageSize >= total) return;
    }
  }

  private ask(path: string, query: Query = {}): Promise<Answer> {
    return askEndpoint(this.endpoint, path, query);
  }
}

function pageOf({ limit, offset, subscriptions }: PageQuery): Query {
  return { limit, offset, subs: subscriptions === true ? 1 : undefined };
}

/** Another HTTP service answers too: the expected field shows that this is a monitoring port. */
function demand<Facts>(answer: Answer, field: keyof Facts & string): Facts {
  if (answer.status !== 200)
    throw new MonitoringError(answer.url, `HTTP ${String(answer.status)}`, { status: answer.status });
  if (answer.body?.[field] === undefined)
    throw new MonitoringError(answer.url, `an answer without "${field}"`, { status: 200 });
  return answer.body as unknown as Facts;
}

/** The server says which kind of row it does not know; any other 404 comes from a port that is not its own. */
function isUnknown({ status, text }: Answer, kind: 'Client' | 'Channel'): boolean {
  return status === 404 && text.startsWith(`${kind} `);
}

import { describe, expect, it } from 'vitest';
import { contract } from '../support/contract.js';

const words = (text: string): string[] => text.trim().split(/\s+/);

/** What a NATS server without accounts, routes and JetStream tells; the order is the server's. */
const fields = {
  '/varz': words(`server_id server_name version proto go host port max_connections ping_interval ping_max http_host
    http_port http_base_path https_port auth_timeout max_control_line max_payload max_pending cluster gateway leaf mqtt
    websocket jetstream tls_timeout write_deadline start now uptime mem cores gomaxprocs cpu connections
    total_connections routes remotes leafnodes in_msgs out_msgs in_bytes out_bytes slow_consumers subscriptions
    http_req_stats config_load_time system_account ocsp_peer_cache`),
  '/connz': words('server_id now num_connections total offset limit connections'),
  '/routez': words('server_id server_name now num_routes routes'),
  '/subsz': words(
    'num_subscriptions num_cache num_inserts num_removes num_matches cache_hit_rate max_fanout avg_fanout',
  ),
  '/subscriptionsz': words(
    'num_subscriptions num_cache num_inserts num_removes num_matches cache_hit_rate max_fanout avg_fanout',
  ),
  '/accountz': words('server_id now system_account accounts'),
  '/accstatz': words('server_id now account_statz'),
  '/gatewayz': words('server_id now outbound_gateways inbound_gateways'),
  '/leafz': words('server_id now leafnodes leafs'),
  '/jsz': words(`server_id now disabled config memory storage reserved_memory reserved_storage accounts ha_assets api
    streams consumers messages bytes`),
};

contract(
  "the NATS server's pages",
  (t) => {
    const get = (path: string) => fetch(`${t.broker.monitoringUrl}${path}`);
    const json = async (path: string) => (await (await get(path)).json()) as Record<string, unknown>;

    describe('a page', () => {
      it.each(Object.entries(fields))('%s has the fields of the real server', async (path, expected) => {
        await t.rawClient();
        const answer = await get(path);
        expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/json']);
        expect(Object.keys((await answer.json()) as object)).toEqual(expected);
      });

      it('/ links to the others', async () => {
        const answer = await get('/');
        expect(answer.headers.get('content-type')).toContain('text/html');
        const page = await answer.text();
        for (const path of ['varz', 'connz', 'subsz', 'routez', 'accountz', 'healthz'])
          expect(page).toContain(`./${path}`);
      });

      it('/subsz counts at least the subscriptions that a STAN server serves with', async () => {
        expect((await json('/subsz'))['num_subscriptions']).toBeGreaterThanOrEqual(7);
      });
    });

    describe('a connection', () => {
      interface Row {
        readonly cid: number;
        readonly in_msgs: number;
        readonly subscriptions: number;
        readonly subscriptions_list?: string[];
        readonly subscriptions_list_detail?: { readonly subject: string; readonly cid: number }[];
      }
      const rows = async (query: string) =>
        ((await json(`/connz?limit=100000&${query}`)) as { connections: Row[] }).connections;
      /** The connection that a raw client has just opened: ids only grow. */
      const newest = async () => (await rows('')).at(-1)!;

      it('is listed with its counts and, where asked for, its subscriptions', async () => {
        await t.rawClient();
        const row = await newest();
        expect(row).toMatchObject({ kind: 'Client', type: 'nats', ip: '127.0.0.1', lang: 'node' });
        expect(row.in_msgs).toBeGreaterThan(0);
        expect(row.subscriptions).toBeGreaterThan(0);
        const [withSubjects] = await rows(`cid=${row.cid}&subs=1`);
        expect(withSubjects?.subscriptions_list).toHaveLength(row.subscriptions);
        const [withDetails] = await rows(`cid=${row.cid}&subs=detail`);
        expect(withDetails?.subscriptions_list_detail?.map(({ cid }) => cid)).toContain(row.cid);
      });

      it('is not listed when it is gone', async () => {
        const client = await t.rawClient();
        const { cid } = await newest();
        await client.close();
        await t.eventually(async () => (await rows(`cid=${cid}`)).length === 0);
      });
    });

    describe('a query that cannot be read', () => {
      it.each([
        ['/connz?sort=nonsense', 'invalid sorting option: nonsense'],
        ['/connz?sort=stop', 'sort by stop only valid on closed connections'],
        ['/connz?limit=ten', `Error decoding int for 'limit': strconv.Atoi: parsing "ten": invalid syntax`],
        ['/connz?auth=maybe', `Error decoding boolean for 'auth': strconv.ParseBool: parsing "maybe": invalid syntax`],
        ['/connz?state=half', 'Error decoding state for half'],
        ['/accountz?acc=nobody', 'Account nobody does not exist'],
      ])('%s is answered with 400 and the reason', async (path, reason) => {
        const answer = await get(path);
        expect([answer.status, await answer.text()]).toEqual([400, reason]);
      });
    });
  },
  { needs: ['stanWire'] },
);

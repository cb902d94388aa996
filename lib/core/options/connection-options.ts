import {
  Expect,
  ExpectDurationMs,
  ExpectFraction,
  ExpectGiven,
  ExpectObject,
  ExpectWholeNumber,
  ExpectWholeSecondsMs,
} from '../option-rules/expect.decorator.js';
import type { Resolved } from '../option-rules/resolved.js';
import { isDriverChoice } from './driver-choice.js';
import type { StanDriverChoice } from './driver-choice.js';
import { clientIdExpected, isLegalClientId } from './client-id.js';
import { subjectProblem } from './subject.js';

/** @internal */
export const clusterIdExpected = 'the cluster id of the server (a legal subject)';
const clientIdOrFunctionExpected = `${clientIdExpected}, or a function that returns them`;

/**
 * How sessions are opened: the first one, and every later one after a loss.
 * @publicApi
 */
export class ReconnectOptions {
  /**
   * Delay before the second attempt; it doubles with every further one.
   * Unit: milliseconds, 1 to 2147483647. Too short a delay floods a server that is just starting.
   * @defaultValue 250
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: ours; node-nats-streaming 0.3.2 never opens a second session.
   */
  @ExpectDurationMs({ min: 1 })
  readonly initialDelayMs?: number = 250;
  /**
   * Longest delay between two attempts.
   * Unit: milliseconds, `initialDelayMs` to 2147483647; if only `initialDelayMs` is set, and is longer than this default,
   * it applies here too. A long delay keeps events waiting after the server is back.
   * @defaultValue 10000
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: ours.
   */
  @ExpectDurationMs({ min: 1 })
  readonly maxDelayMs?: number = 10_000;
  /**
   * Random share of each delay, so that many clients do not reconnect at the same moment.
   * Unit: fraction, 0 to 1. With 0 all clients of a restarted server reconnect at once.
   * @defaultValue 0.2
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: ours.
   */
  @ExpectFraction()
  readonly jitter?: number = 0.2;
  /**
   * Time without a session after which the client stops trying and the status becomes `disconnected`.
   * Unit: milliseconds, 1 to 2147483647; `undefined` tries forever. With a short time, a server restart becomes an outage
   * that only a restart of this process ends.
   * @defaultValue undefined
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: ours.
   */
  @ExpectDurationMs({ min: 1 })
  readonly giveUpAfterMs?: number | undefined = undefined;
  /**
   * Time allowed for opening the first session, including all retries; then connecting fails.
   * Unit: milliseconds, 1 to 2147483647. Keep it above the time the server needs to start, if both start together.
   * @defaultValue 60000
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: ours.
   */
  @ExpectDurationMs({ min: 1 })
  readonly firstConnectTimeoutMs?: number = 60_000;
}

/** @internal */
export type ResolvedReconnectOptions = Resolved<ReconnectOptions>;

/**
 * How to reach the server, and as whom.
 * @publicApi
 */
export class StanConnectionOptions {
  /**
   * The STAN cluster id of the server, its `-cid`. Required, unless `driver` selects another broker, which ignores it.
   * Limits: a legal subject, because requests go to subjects that end with it. With a wrong id nothing answers, and
   * connecting times out.
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: nats-streaming-server 0.25.6 server/server.go (DefaultDiscoverPrefix + "." + cluster id).
   */
  @Expect(clusterIdExpected, (value) => subjectProblem(value) === undefined)
  declare readonly clusterId?: string;
  /**
   * The name that this process registers with the server: a fixed string, or a function that generates one at each start,
   * such as `uniqueClientId('orders')`.
   * Limits: letters, digits, `_` and `-`, at least one. Two live processes with the same id take the session from each
   * other, and an id that changes loses the position of a durable without a queue group.
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: nats-streaming-server 0.25.6 server/server.go (clientIDRegEx, ErrInvalidClientID).
   */
  @ExpectGiven(clientIdOrFunctionExpected)
  @Expect(clientIdOrFunctionExpected, (value) => typeof value === 'function' || isLegalClientId(value))
  declare readonly clientId: string | (() => string);
  /**
   * One server URL or several, as an array or comma-separated: `nats://host:port`, `tls://host:port` or `host:port`.
   * Limits: at least one. The scheme defaults to `nats://`, the port to 4222. Percent-encode `,`, `/`, `#`, `?`, `%`, `:`
   * and `@` in user, password and token, or pass them in `connection`; errors never show them. Put an IPv6 address in
   * brackets. All servers must belong to one NATS cluster.
   * @defaultValue 'nats://127.0.0.1:4222'
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: nats 1.4.12 lib/nats.js (parseOptions, sanitizeUrl).
   */
  @Expect('a server URL or a non-empty array of them', isTextOrTexts)
  readonly servers?: string | readonly string[] = 'nats://127.0.0.1:4222';
  /**
   * Time the server may take to answer a connect, subscribe or close request.
   * Unit: milliseconds, 1 to 2147483647. Below the server's actual response time every session fails.
   * @defaultValue 2000
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: node-nats-streaming 0.3.2 lib/stan.js (DEFAULT_CONNECT_WAIT).
   */
  @ExpectDurationMs({ min: 1 })
  readonly connectTimeoutMs?: number = 2_000;
  /**
   * Time between two pings of this client to the STAN server.
   * Unit: milliseconds; whole seconds only, at least 1000, because the protocol has int32 seconds. Multiplied by
   * `maxPingsOut` it is how long it takes to notice that the server lost this session.
   * @defaultValue 5000
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: node-nats-streaming 0.3.2 lib/stan.js (DEFAULT_PING_INTERVAL), lib/pb/protocol.proto (ConnectRequest).
   */
  @ExpectWholeSecondsMs()
  readonly pingIntervalMs?: number = 5_000;
  /**
   * Number of unanswered pings after which the session counts as lost.
   * Unit: count, 2 to 2147483647. With a low value a short pause of the server costs the session.
   * @defaultValue 3
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: node-nats-streaming 0.3.2 lib/stan.js (DEFAULT_PING_MAXOUT); stan.go 0.10.4 stan.go (Pings: at least 2).
   */
  @ExpectWholeNumber({ min: 2 })
  readonly maxPingsOut?: number = 3;
  /**
   * How sessions are opened and re-opened.
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: ours.
   */
  @ExpectObject()
  readonly reconnect?: ReconnectOptions;
  /**
   * Options passed to the NATS client unchanged: `tls`, `user`, `pass`, `token`, `nkey`, `userJWT`, `name` and so on.
   * Limits: options that this package sets itself (`servers`, `connectTimeout`, `stanPingInterval` …) are refused here.
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: node-nats-streaming 0.3.2 index.d.ts (StanOptions).
   */
  @ExpectObject()
  readonly connection?: object;
  /**
   * Another broker, such as `jetstream()` of `nestjs-stan/jetstream`. Without it: NATS Streaming.
   * @defaultValue undefined
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: ours.
   */
  @Expect('what jetstream() of nestjs-stan/jetstream returns', isDriverChoice)
  readonly driver?: StanDriverChoice | undefined = undefined;
}

/** What resolving makes of the options, and what it adds. */
interface ResolvedParts {
  /** Empty for a broker that has none. */
  clusterId: string;
  /** Already called where the user gave a function. */
  clientId: string;
  /** True where the user gave a function, so the id may differ at the next start. */
  clientIdIsGenerated: boolean;
  /** Complete URLs; they may hold credentials, so show them only through an error or `redactServerUrl`. */
  servers: readonly string[];
  reconnect: ResolvedReconnectOptions;
  connection: Readonly<Record<string, unknown>>;
}

/** @internal */
export type ResolvedConnectionOptions = Resolved<StanConnectionOptions, ResolvedParts>;

function isTextOrTexts(value: unknown): boolean {
  if (typeof value === 'string') return true;
  return Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === 'string');
}

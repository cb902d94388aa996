import { IsDefined } from 'class-validator';
import { clientIdExpected, isLegalClientId } from './client-id.js';
import type { ReconnectOptions, StanConnectionOptions } from './connection-options.js';
import {
  Expect,
  ExpectDurationMs,
  ExpectFraction,
  ExpectObject,
  ExpectWholeNumber,
  ExpectWholeSecondsMs,
} from './expect.decorator.js';
import type { RulesFor } from './option-group.js';
import { subjectProblem } from './subject.js';

const clusterIdExpected = 'the cluster id of the server (a legal subject)';
const clientIdOrFunctionExpected = `${clientIdExpected}, or a function that returns them`;

/** @internal */
export class ReconnectRules implements RulesFor<ReconnectOptions> {
  @ExpectDurationMs({ min: 1 })
  readonly initialDelayMs: unknown;

  @ExpectDurationMs({ min: 1 })
  readonly maxDelayMs: unknown;

  @ExpectFraction()
  readonly jitter: unknown;

  @ExpectDurationMs({ min: 1 })
  readonly giveUpAfterMs: unknown;

  @ExpectDurationMs({ min: 1 })
  readonly firstConnectTimeoutMs: unknown;
}

/** @internal */
export class ConnectionRules implements RulesFor<StanConnectionOptions> {
  @IsDefined({ message: clusterIdExpected })
  @Expect(clusterIdExpected, (value) => subjectProblem(value) === undefined)
  readonly clusterId: unknown;

  @IsDefined({ message: clientIdOrFunctionExpected })
  @Expect(clientIdOrFunctionExpected, (value) => typeof value === 'function' || isLegalClientId(value))
  readonly clientId: unknown;

  @Expect('a server URL or a non-empty array of them', isTextOrTexts)
  readonly servers: unknown;

  @ExpectDurationMs({ min: 1 })
  readonly connectTimeoutMs: unknown;

  @ExpectWholeSecondsMs()
  readonly pingIntervalMs: unknown;

  @ExpectWholeNumber({ min: 2 })
  readonly maxPingsOut: unknown;

  @ExpectObject()
  readonly reconnect: unknown;

  @ExpectObject()
  readonly connection: unknown;
}

function isTextOrTexts(value: unknown): boolean {
  if (typeof value === 'string') return true;
  return Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === 'string');
}

import type { NatsConnection } from './nats-client.js';

/** A request to JetStream did not do what was asked. */
export class JetStreamApiError extends Error {
  constructor(
    message: string,
    /** As HTTP has them; 503 where JetStream, or the answer, is not there. */
    readonly status: number,
    /** JetStream's own code; 0 where there is none. */
    readonly errorCode = 0,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }

  /** True where no answer came in time: the request may have been carried out all the same. */
  get isTimeout(): boolean {
    return this.cause instanceof Error && this.cause.name === 'TimeoutError';
  }

  /** True where nobody listens to the request. */
  get isNobodyThere(): boolean {
    // The client wraps it, in a `RequestError`. Source: @nats-io/nats-core 3.3.1 lib/errors.js.
    return this.cause instanceof Error && hasName(this.cause, 'NoResponders');
  }

  /** Whether a later attempt may succeed without a change. */
  get isPassing(): boolean {
    if (this.errorCode === noSuitablePeers) return true;
    return this.status >= 500 && this.errorCode !== notEnabledForAccount && this.errorCode !== insufficientResources;
  }
}

/** The server says at once where nobody listens. */
const listenerTimeoutMs = 250;

function hasName(error: Error, name: string): boolean {
  return error.name === name || (error.cause instanceof Error && hasName(error.cause, name));
}

/** Source: nats-server 2.15.2 server/errors.json. */
export const consumerNotFound = 10_014;
export const streamNotFound = 10_059;
const notEnabledForAccount = 10_039;
const insufficientResources = 10_023;
/** What a cluster says, with status 400, that has not yet heard of all its servers. */
const noSuitablePeers = 10_005;
const streamNameInUse = 10_058;
const consumerExists: ReadonlySet<number> = new Set([10_013, 10_105, 10_148]);

export const isMissing = (error: unknown): boolean =>
  error instanceof JetStreamApiError && (error.errorCode === consumerNotFound || error.errorCode === streamNotFound);
export const isTaken = (error: unknown): boolean =>
  error instanceof JetStreamApiError && (error.errorCode === streamNameInUse || consumerExists.has(error.errorCode));

/** The parts of a stream's description that are read here. */
export interface StreamInfo {
  readonly config: { readonly name: string; readonly subjects?: readonly string[] };
  readonly created: string;
}

/** A consumer's configuration, as the server spells it. Durations in nanoseconds. */
export interface ConsumerConfig {
  readonly durable_name: string;
  readonly name?: string;
  readonly ack_policy: 'explicit';
  readonly ack_wait: number;
  readonly max_ack_pending: number;
  readonly max_deliver: number;
  readonly deliver_policy: string;
  readonly opt_start_seq?: number;
  readonly opt_start_time?: string;
  readonly filter_subject: string;
  readonly inactive_threshold?: number;
  readonly metadata?: Readonly<Record<string, string>>;
}

export interface ConsumerInfo {
  readonly config: ConsumerConfig;
  readonly created: string;
  readonly num_ack_pending: number;
  readonly num_waiting: number;
}

interface ApiAnswer {
  readonly error?: { readonly code?: number; readonly err_code?: number; readonly description?: string };
}

/** The requests to JetStream that this driver makes, as JSON over the core connection. */
export class JetStreamApi {
  readonly prefix: string;

  constructor(
    private readonly connection: () => NatsConnection,
    private readonly timeoutMs: number,
    domain: string | undefined,
  ) {
    this.prefix = domain === undefined ? '$JS.API' : `$JS.${domain}.API`;
  }

  accountInfo(): Promise<unknown> {
    return this.ask('INFO');
  }

  async streamOfSubject(subject: string): Promise<string | undefined> {
    const { streams } = await this.ask<{ streams?: readonly string[] | null }>('STREAM.NAMES', { subject });
    return streams?.[0];
  }

  streamInfo(stream: string): Promise<StreamInfo> {
    return this.ask(`STREAM.INFO.${stream}`);
  }

  createStream(config: Readonly<Record<string, unknown>> & { readonly name: string }): Promise<StreamInfo> {
    return this.ask(`STREAM.CREATE.${config.name}`, config);
  }

  consumerInfo(stream: string, consumer: string): Promise<ConsumerInfo> {
    return this.ask(`CONSUMER.INFO.${stream}.${consumer}`);
  }

  /** `create` fails where there is one of another configuration; `update` where there is none. */
  putConsumer(stream: string, config: ConsumerConfig, action: 'create' | 'update'): Promise<ConsumerInfo> {
    const { durable_name: name, filter_subject: filter } = config;
    return this.ask(`CONSUMER.CREATE.${stream}.${name}.${filter}`, {
      stream_name: stream,
      config: { ...config, name },
      action,
    });
  }

  deleteConsumer(stream: string, consumer: string): Promise<unknown> {
    return this.ask(`CONSUMER.DELETE.${stream}.${consumer}`);
  }

  /** Whether anybody listens to a subject; `undefined` where it must not be asked. */
  async hasListener(subject: string): Promise<boolean | undefined> {
    try {
      await this.connection().request(subject, '', { timeout: listenerTimeoutMs });
      return true;
    } catch (error) {
      // One that listens does not answer.
      if (error instanceof Error && error.name === 'TimeoutError') return true;
      return error instanceof Error && hasName(error, 'NoResponders') ? false : undefined;
    }
  }

  private async ask<Answer>(subject: string, body?: unknown): Promise<Answer> {
    const payload = body === undefined ? '' : JSON.stringify(body);
    let answer: ApiAnswer;
    try {
      const message = await this.connection().request(`${this.prefix}.${subject}`, payload, {
        timeout: this.timeoutMs,
      });
      answer = message.json<ApiAnswer>();
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new JetStreamApiError(`no answer to ${subject.split('.', 2).join('.')}: ${reason}`, 503, 0, { cause });
    }
    const { error } = answer;
    if (error === undefined) return answer as Answer;
    throw new JetStreamApiError(error.description ?? 'refused', error.code ?? 500, error.err_code);
  }
}

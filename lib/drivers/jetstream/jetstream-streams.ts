import { isMissing, isTaken, JetStreamApiError } from './jetstream-api.js';
import type { JetStreamApi, StreamInfo } from './jetstream-api.js';
import type { ResolvedJetStreamOptions } from './jetstream-options.js';
import { streamConfigOf } from './jetstream-options.js';

/** No later attempt can mend it: there is no stream for the subject, and none is to be made. */
const noStreamStatus = 404;

/** Which stream holds the events of a subject: looked up once per connection, and made where there is none. */
export class JetStreamStreams {
  private readonly known = new Map<string, string>();
  private readonly underWay = new Map<string, Promise<string>>();

  constructor(
    private readonly api: JetStreamApi,
    private readonly options: ResolvedJetStreamOptions,
  ) {}

  /** The subject's stream as far as it is known; `undefined` asks for {@link ensure}. */
  isKnown(subject: string): boolean {
    return this.known.has(subject);
  }

  /** A new connection may lead to a server without it. */
  forgetAll(): void {
    this.known.clear();
  }

  forget(subject: string): void {
    this.known.delete(subject);
  }

  /** The name of the subject's stream. Rejects with a `JetStreamApiError`. */
  ensure(subject: string): Promise<string> {
    const known = this.known.get(subject);
    if (known !== undefined) return Promise.resolve(known);
    let asked = this.underWay.get(subject);
    if (asked === undefined) {
      asked = this.find(subject).finally(() => this.underWay.delete(subject));
      this.underWay.set(subject, asked);
    }
    return asked;
  }

  private async find(subject: string): Promise<string> {
    const stream = (await this.api.streamOfSubject(subject)) ?? (await this.make(subject));
    this.known.set(subject, stream);
    return stream;
  }

  private async make(subject: string): Promise<string> {
    const config = streamConfigOf(this.options, subject);
    if (this.options.streams === 'require') {
      throw new JetStreamApiError(
        `no stream holds "${subject}", and streams: 'require' does not create one`,
        noStreamStatus,
      );
    }
    const named = await this.byName(config.name);
    if (named !== undefined) return named.config.name;
    try {
      return (await this.api.createStream(config)).config.name;
    } catch (error) {
      // Another process has just made it.
      if (isTaken(error)) return config.name;
      throw error;
    }
  }

  /** One that is being migrated has the name already and not yet the subject. */
  private async byName(name: string): Promise<StreamInfo | undefined> {
    try {
      return await this.api.streamInfo(name);
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }
}

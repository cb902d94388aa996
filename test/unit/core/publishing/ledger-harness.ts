import type { StanError } from '../../../../lib/core/errors/index.js';
import { defaultsOf } from '../../../../lib/core/option-rules/option-group.js';
import { StanPublishOptions } from '../../../../lib/core/options/publish-options.js';
import type { ResolvedPublishOptions } from '../../../../lib/core/options/publish-options.js';
import { PublishLedger } from '../../../../lib/core/publishing/index.js';
import type { PublishReceipt } from '../../../../lib/core/publishing/index.js';
import type { FakeDriverOptions } from '../../../support/fake-driver.js';
import { FakeDriver } from '../../../support/fake-driver.js';
import { FakeClock } from '../../../support/fake-clock.js';

/** One publish as its publisher sees it. */
export interface Published {
  readonly name: string;
  error: StanError | undefined;
  receipt: PublishReceipt | undefined;
  /** How often its outcome was told. */
  timesTold: number;
}

/** A ledger over the fake driver with a clock that the test moves. */
export class LedgerHarness {
  readonly clock = new FakeClock();
  readonly driver: FakeDriver;
  readonly ledger: PublishLedger;
  /** In the order in which the outcomes were told. */
  readonly told: Published[] = [];

  constructor(options: Partial<ResolvedPublishOptions> = {}, driver: FakeDriverOptions = {}) {
    this.driver = new FakeDriver(driver);
    this.ledger = new PublishLedger({
      driver: this.driver,
      options: { ...defaultsOf(StanPublishOptions), ...options },
      clock: this.clock,
    });
  }

  static async connected(
    options?: Partial<ResolvedPublishOptions>,
    driver?: FakeDriverOptions,
  ): Promise<LedgerHarness> {
    const harness = new LedgerHarness(options, driver);
    await harness.driver.connect();
    return harness;
  }

  /** Publishes the name as the payload, unless other data is given. */
  publish(name: string, { subject = 'ticket:created', data }: { subject?: string; data?: Uint8Array } = {}): Published {
    const published: Published = { name, error: undefined, receipt: undefined, timesTold: 0 };
    this.ledger.publish(subject, data ?? Buffer.from(name), {
      settle: (error, receipt) => {
        Object.assign(published, { error, receipt, timesTold: published.timesTold + 1 });
        this.told.push(published);
      },
    });
    return published;
  }

  publishAll(...names: string[]): Published[] {
    return names.map((name) => this.publish(name));
  }

  /** The payloads of all attempts, in order of sending. */
  get sent(): string[] {
    return this.driver.attempts.map(({ text }) => text);
  }

  get openTexts(): string[] {
    return this.driver.openAttempts.map(({ text }) => text);
  }

  /** The open attempt at this payload. */
  attemptAt(name: string) {
    const found = this.driver.openAttempts.filter(({ text }) => text === name).at(-1);
    if (found === undefined) throw new Error(`no open attempt at ${name}`);
    return found;
  }
}

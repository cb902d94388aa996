import { StanBroker } from '../../../../lib/broker/index.js';
import type { DriverEvent } from '../../../../lib/core/driver/driver-event.js';
import type {
  DriverMessage,
  DriverSubscription,
  DriverSubscriptionRequest,
  PublishAttemptError,
} from '../../../../lib/core/driver/driver.js';
import { resolveConnectionOptions } from '../../../../lib/core/options/index.js';
import type { ReconnectOptions, StanConnectionOptions } from '../../../../lib/core/options/index.js';
import { StanDriver } from '../../../../lib/drivers/stan/stan-driver.js';
import type { StanDriverSetup } from '../../../../lib/drivers/stan/stan-driver.js';
import { cleanUpAfterTest } from '../../../support/cleanup.js';
import { freePort } from '../../../support/free-port.js';
import { eventually } from '../../../support/wait.js';
import { stanOptionNames } from '../../../../lib/drivers/stan/stan-option-names.js';
import { plainRequest } from './scripted-client.js';

/** One publish attempt as its caller sees it. */
export interface Attempt {
  readonly name: string;
  outcome: 'open' | 'stored' | PublishAttemptError['outcome'];
  guid: string;
  error: PublishAttemptError | undefined;
  timesTold: number;
}

type SceneOptions = Partial<Omit<StanConnectionOptions, 'reconnect'>> & { readonly reconnect?: ReconnectOptions };

/** A driver with what it has said, for tests below all rules of delivery and publishing. */
export class DriverScene {
  readonly events: DriverEvent[] = [];
  readonly driver: StanDriver;
  /** In the order in which the outcomes came. */
  readonly told: Attempt[] = [];

  constructor(port: number, options: SceneOptions = {}, setup: StanDriverSetup = {}) {
    const { reconnect, ...others } = options;
    this.driver = new StanDriver(
      resolveConnectionOptions(
        {
          clusterId: 'test-cluster',
          clientId: 'orders',
          servers: `nats://127.0.0.1:${String(port)}`,
          connectTimeoutMs: 300,
          ...others,
          reconnect: { initialDelayMs: 20, maxDelayMs: 50, firstConnectTimeoutMs: 5_000, ...reconnect },
        },
        stanOptionNames,
      ),
      { random: () => 0, ...setup },
    );
    this.driver.on((event) => this.events.push(event));
    cleanUpAfterTest(() => this.driver.close());
  }

  get types(): string[] {
    return this.events.map((event) => (event.type === 'status' ? event.status : event.type));
  }

  /** The first event of a type, as soon as it has come. */
  happened<T extends DriverEvent['type']>(type: T): Promise<Extract<DriverEvent, { type: T }>> {
    return eventually(
      () => {
        const found = this.events.find((event) => event.type === type);
        if (found === undefined) throw new Error(`so far: ${this.types.join(', ')}`);
        return found as Extract<DriverEvent, { type: T }>;
      },
      { what: type, intervalMs: 5 },
    );
  }

  /** Waits until this type has come so many times. */
  async happenedTimes(type: DriverEvent['type'], times: number): Promise<void> {
    const count = () => this.events.filter((event) => event.type === type).length;
    await eventually(() => count() >= times, { what: `${type}, ${String(times)} times`, intervalMs: 5 });
  }

  /** Waits for the last status. */
  async statusIs(status: string): Promise<void> {
    const last = () => this.events.findLast((event) => event.type === 'status');
    await eventually(() => last()?.status === status, { what: `status ${status}`, intervalMs: 5 });
  }

  publish(name: string, subject = 'ticket:created'): Attempt {
    const attempt: Attempt = { name, outcome: 'open', guid: '', error: undefined, timesTold: 0 };
    this.driver.publish(
      subject,
      Buffer.from(name),
      (error, guid) => {
        attempt.timesTold += 1;
        attempt.outcome = error?.outcome ?? 'stored';
        attempt.error = error;
        attempt.guid = guid;
        this.told.push(attempt);
      },
      '',
    );
    return attempt;
  }

  async subscribe(more: Partial<DriverSubscriptionRequest> = {}): Promise<Subscribed> {
    const messages: DriverMessage[] = [];
    const request = { ...plain, ...more };
    const subscription = await this.driver.subscribe(request, (message) => messages.push(message));
    return { subscription, messages };
  }
}

/** An open subscription and what it has got. */
export interface Subscribed {
  readonly subscription: DriverSubscription;
  readonly messages: DriverMessage[];
}

const plain: DriverSubscriptionRequest = { ...plainRequest, subject: 'ticket:created' };

export const textsOf = ({ messages }: Subscribed): string[] => messages.map(({ data }) => data.toString());

/** A broker of its own, closed after the test. */
export async function startBroker(options: Parameters<typeof StanBroker.start>[0] = {}): Promise<StanBroker> {
  const broker = await StanBroker.start({ port: await freePort(), ...options });
  cleanUpAfterTest(() => broker.close());
  return broker;
}

/** A broker and a driver that is connected to it. */
export async function connectedScene(
  options: SceneOptions = {},
  setup: StanDriverSetup = {},
): Promise<{ readonly broker: StanBroker; readonly scene: DriverScene }> {
  const broker = await startBroker();
  const scene = new DriverScene(broker.port, options, setup);
  await scene.driver.connect();
  return { broker, scene };
}

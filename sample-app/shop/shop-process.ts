import type { INestApplication } from '@nestjs/common';
import { portNear } from './free-port.js';
import { servePage } from './serve-page.js';
import type { ShopOptions } from './shop-options.js';
import type { Shop } from './shop.js';
import { startShop } from './shop.js';
import { describeShop, say, sayFor } from './terminal.js';

/** What `npm start` is: the shop and its page, from the first line in the terminal to Ctrl-C. */
export class ShopProcess {
  private shop: Shop | undefined;
  private page: INestApplication | undefined;
  private signals = 0;
  private stopping: Promise<void> | undefined;

  /**
   * Starts everything and resolves when it runs. From then on the process lives until a signal.
   * @throws Error that says what could not be started; what had been is stopped again
   */
  async run(options: ShopOptions): Promise<void> {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => this.interrupted());
    try {
      await this.start(options);
    } catch (error) {
      await this.stop();
      throw error;
    }
    // A signal that came while it was being started.
    if (this.signals > 0) await this.stop();
  }

  private async start(options: ShopOptions): Promise<void> {
    await assertPortIsFree(options.port);
    say('Starting database and event bus ...');
    this.shop = await startShop(options);
    if (this.signals > 0) return;
    this.page = await servePage(this.shop, options.port);
    const { instances } = this.shop;
    instances.on('said', sayFor);
    say(
      `Starting ${instances
        .views()
        .map(({ name }) => name)
        .join(', ')} ...`,
    );
    if (await instances.start()) describeShop(this.shop, await this.page.getUrl());
  }

  private interrupted(): void {
    this.signals += 1;
    if (this.signals === 1) {
      say('\nStopping: running handlers finish, their events are acked (Ctrl-C again: at once) ...');
      if (this.shop) void this.stop();
      return;
    }
    this.shop?.instances.kill();
    // The process that keeps the database sees that this one is gone, and stops it.
    process.exit(130);
  }

  private stop(): Promise<void> {
    this.stopping ??= this.stopAll().catch((error: unknown) => {
      process.exitCode = 1;
      console.error(error);
    });
    return this.stopping;
  }

  private async stopAll(): Promise<void> {
    await this.page?.close();
    await this.shop?.stop();
    if (this.signals > 0) say('Stopped.');
  }
}

/** Asked before anything runs, so that the answer comes at once. */
async function assertPortIsFree(port: number): Promise<void> {
  if (port === 0 || (await portNear(port)) === port) return;
  throw new Error(`port ${port} is in use; is the shop running already? Otherwise: npm start -- --port ${port + 1}`);
}

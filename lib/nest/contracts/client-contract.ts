import type { StanPublishContract } from '../../core/options/index.js';

/** What one client of an app publishes. @internal */
export interface ClientContract {
  readonly name: string | undefined;
  readonly contract: StanPublishContract | undefined;
}

/** Each import of `StanModule` provides a {@link ClientContract} under it. @internal */
export const clientContractToken = Symbol.for('nestjs-stan.clientContract');

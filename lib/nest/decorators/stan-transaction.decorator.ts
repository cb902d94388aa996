import { createParamDecorator } from '@nestjs/common';
import type { ExecutionContext } from '@nestjs/common';

import type { StanContext } from '../context/stan.context.js';

/**
 * Injects the transaction in which the event counts into a handler with the option `version` or `inbox`; see
 * `StanContext.getTransaction()`.
 * @publicApi
 */
export const StanTransaction: () => ParameterDecorator = createParamDecorator(
  (_: unknown, execution: ExecutionContext): unknown =>
    execution.switchToRpc().getContext<StanContext>().getTransaction(),
);

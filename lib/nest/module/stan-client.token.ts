import { Inject } from '@nestjs/common';
import type { InjectionToken } from '@nestjs/common';

import { ClientStan } from '../client/client-stan.js';

/**
 * The token under which `StanModule` provides a client: the class `ClientStan` for the one without a name.
 * @publicApi
 */
export function getStanClientToken(name?: string): InjectionToken<ClientStan> {
  return name === undefined ? ClientStan : `STAN_CLIENT_${name}`;
}

/**
 * Injects the client that `StanModule` was given this name for; without a name the one that has none.
 * @publicApi
 */
export function InjectStanClient(name?: string): PropertyDecorator & ParameterDecorator {
  return Inject(getStanClientToken(name));
}

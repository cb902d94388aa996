import { RpcException } from '@nestjs/microservices';

import { setBrand } from '../../core/errors/brand.js';

/**
 * Thrown by a handler when retrying cannot help. The event goes to the dead-letter subject; without one it stays pending
 * on the server, and this process does not retry it.
 * @publicApi
 */
export class NonRetriableException extends RpcException {
  static {
    setBrand(this, 'NonRetriableException');
  }

  /** @param error - what is wrong, as text or object; it is the cause that a dead letter shows */
  constructor(error: string | object) {
    super(error);
    this.name = new.target.name;
  }
}

import { RpcException } from '@nestjs/microservices';

import { setBrand } from '../../core/errors/brand.js';

/**
 * Thrown by a handler: no further try can succeed. The event goes to the dead-letter subject, or, without one, is left
 * at the server and not tried again by this process.
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

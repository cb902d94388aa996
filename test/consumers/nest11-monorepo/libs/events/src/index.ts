export interface OrderCreated {
  readonly id: number;
}

export const orderCreated = 'order:created';

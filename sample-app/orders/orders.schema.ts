/** What `orders` owns: the orders. And its own copy of the tickets, made from their events. */
export const ordersSchema = `
  CREATE TABLE IF NOT EXISTS tickets (
    id uuid PRIMARY KEY,
    version integer NOT NULL,
    title text NOT NULL,
    price numeric(12, 2) NOT NULL,
    order_id uuid,
    -- How many events this service has published about the ticket.
    turns integer NOT NULL DEFAULT 0
  );
  CREATE TABLE IF NOT EXISTS orders (
    id uuid PRIMARY KEY,
    version integer NOT NULL,
    status text NOT NULL CHECK (status IN ('created', 'cancelled')),
    ticket_id uuid NOT NULL REFERENCES tickets,
    price numeric(12, 2) NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
  );
  -- A ticket is sold once, whatever two instances do at the same moment.
  CREATE UNIQUE INDEX IF NOT EXISTS one_order_per_ticket ON orders (ticket_id) WHERE status = 'created';`;

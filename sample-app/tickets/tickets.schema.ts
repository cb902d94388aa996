/** What `tickets` owns: the tickets. */
export const ticketsSchema = `
  CREATE TABLE IF NOT EXISTS tickets (
    id uuid PRIMARY KEY,
    version integer NOT NULL,
    title text NOT NULL,
    price numeric(12, 2) NOT NULL CHECK (price >= 0),
    order_id uuid,
    created_at timestamptz NOT NULL DEFAULT now()
  );`;

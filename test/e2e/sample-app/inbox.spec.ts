import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Database } from '../../../sample-app/database/database.js';
import { EventTooEarlyError } from '../../../sample-app/messaging/event-too-early.error.js';
import { Inbox } from '../../../sample-app/messaging/inbox.js';
import { usePostgres } from './database.js';

const effects = 'CREATE TABLE IF NOT EXISTS effects (id uuid NOT NULL, version integer NOT NULL)';

describe('the inbox', () => {
  const postgres = usePostgres();
  let database: Database;
  let inbox: Inbox;

  beforeAll(async () => {
    database = await postgres.emptyDatabase(effects);
    inbox = new Inbox(database);
  });

  const receive = (id: string, version: number) =>
    inbox.receive('tickets', { id, version }, async (transaction) => {
      await transaction.query('INSERT INTO effects VALUES ($1, $2)', [id, version]);
    });
  const applied = async (id: string) => {
    const { rows } = await database.query<{ version: number }>('SELECT version FROM effects WHERE id = $1', [id]);
    return rows.map((row) => row.version).sort((a, b) => a - b);
  };

  it('applies versions that come in order', async () => {
    const id = randomUUID();
    expect([await receive(id, 0), await receive(id, 1), await receive(id, 2)]).toEqual([
      'applied',
      'applied',
      'applied',
    ]);
    expect(await applied(id)).toEqual([0, 1, 2]);
  });

  it('ignores a version that has been applied, and every older one', async () => {
    const id = randomUUID();
    await receive(id, 0);
    await receive(id, 1);
    expect([await receive(id, 1), await receive(id, 0)]).toEqual(['ignored', 'ignored']);
    expect(await applied(id)).toEqual([0, 1]);
  });

  it('refuses a version that comes too early, and takes it once the one before has come', async () => {
    const id = randomUUID();
    await expect(receive(id, 1)).rejects.toThrow(EventTooEarlyError);
    await receive(id, 0);
    await expect(receive(id, 2)).rejects.toThrow('version 2 of');
    expect([await receive(id, 1), await receive(id, 2)]).toEqual(['applied', 'applied']);
  });

  it('records nothing when the effect fails', async () => {
    const id = randomUUID();
    const failing = inbox.receive('tickets', { id, version: 0 }, async (transaction) => {
      await transaction.query('INSERT INTO effects VALUES ($1, 0)', [id]);
      throw new Error('the disk is on fire');
    });
    await expect(failing).rejects.toThrow('the disk is on fire');
    expect(await applied(id)).toEqual([]);
    expect(await receive(id, 0)).toBe('applied');
  });

  it('applies each version once when many instances get it at the same moment', async () => {
    const id = randomUUID();
    for (const version of [0, 1, 2]) {
      const outcomes = await Promise.all(Array.from({ length: 8 }, () => receive(id, version)));
      expect(outcomes.filter((outcome) => outcome === 'applied')).toHaveLength(1);
    }
    expect(await applied(id)).toEqual([0, 1, 2]);
  });

  it('ends at the last version when events come in any order and are delivered again until they are taken', async () => {
    const id = randomUUID();
    let waiting = Array.from({ length: 30 }, (_, index) => (index * 17) % 30);
    while (waiting.length > 0) {
      const outcomes = await Promise.all(
        waiting.map((version) =>
          receive(id, version).then(
            () => undefined,
            () => version,
          ),
        ),
      );
      waiting = outcomes.filter((version) => version !== undefined);
    }
    expect(await applied(id)).toEqual(Array.from({ length: 30 }, (_, version) => version));
  });

  it('counts streams apart: an order and a ticket with the same id do not meet', async () => {
    const id = randomUUID();
    const outcomes = ['tickets', 'orders'].map((stream) =>
      inbox.receive(stream, { id, version: 0 }, async () => undefined),
    );
    expect(await Promise.all(outcomes)).toEqual(['applied', 'applied']);
  });
});

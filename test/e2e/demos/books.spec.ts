import { describe, expect, it } from 'vitest';
import { Books } from '../../../sample-app/demos/books.js';

const event = (id: string, version: number, price = 20) => ({ id, version, price });

describe('the books of the demos', () => {
  it('count an event that was never written as lost', () => {
    const books = new Books();
    books.write(event('a', 0));
    expect(books.tally([event('a', 0), event('b', 0)])).toMatchObject({ events: 2, applied: 1, lost: 1 });
  });

  it('count every further writing of an event as doubled, and add it up', () => {
    const books = new Books();
    for (let time = 0; time < 3; time += 1) books.write(event('a', 0));
    expect(books.tally([event('a', 0)])).toMatchObject({ applied: 3, lost: 0, doubled: 2 });
    expect(books.sum()).toBe(60);
  });

  it('count an event as out of order when a later one of the same ticket is there', () => {
    const books = new Books();
    for (const written of [event('a', 1), event('b', 0), event('a', 0), event('a', 2)]) books.write(written);
    expect(books.tally([]).outOfOrder).toBe(1);
  });

  it('write the next version alone: an older one is ignored, a later one refused', () => {
    const books = new Books();
    expect(() => books.writeNext(event('a', 1))).toThrow('before version 0');
    books.writeNext(event('a', 0, 10));
    books.writeNext(event('a', 1, 11));
    books.writeNext(event('a', 0, 12));
    expect(books.priceOf('a')).toBe(11);
    expect(books.tally([event('a', 0), event('a', 1)])).toEqual({
      events: 2,
      applied: 2,
      lost: 0,
      doubled: 0,
      outOfOrder: 0,
    });
  });
});

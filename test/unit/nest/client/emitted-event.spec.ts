import { firstValueFrom, map } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { EmittedEvent } from '../../../../lib/nest/client/emitted-event.js';

const receipt = { guid: 'g', subject: 'a', attempts: 1 };

function make() {
  const unhandled: Error[] = [];
  return { event: new EmittedEvent((error) => unhandled.push(error)), unhandled };
}

describe('an emitted event', () => {
  it('reports a failure when its only subscriber has left before', () => {
    const { event, unhandled } = make();
    event.subscribe({ error: () => undefined }).unsubscribe();
    event.settle(new Error('lost'), undefined);
    expect(unhandled.map(({ message }) => message)).toEqual(['lost']);
  });

  it('reports nothing when one of several subscribers has an error callback and the others have not', () => {
    const { event, unhandled } = make();
    const heard: unknown[] = [];
    event.subscribe({ error: (error: unknown) => heard.push(error) });
    event.settle(new Error('lost'), undefined);
    expect([heard.length, unhandled.length]).toEqual([1, 0]);
  });

  it('gives receipt and completion to every kind of subscriber, the callback form included', () => {
    const { event } = make();
    const seen: unknown[] = [];
    event.subscribe((it) => seen.push(it));
    event.subscribe({ next: (it) => seen.push(it), complete: () => seen.push('complete') });
    event.pipe(map(({ guid }) => guid)).subscribe((it) => seen.push(it));
    event.settle(undefined, receipt);
    expect(seen).toEqual([receipt, receipt, 'g', 'complete']);
  });

  it('gives a late subscriber the receipt', async () => {
    const { event } = make();
    event.settle(undefined, receipt);
    expect(await firstValueFrom(event)).toBe(receipt);
  });
});

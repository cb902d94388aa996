import { describe, expect, it } from 'vitest';
import { TransportWatch } from '../../../../lib/drivers/stan/transport-watch.js';

const timedOut = new Error('timeout');

/** A watch whose probes the test answers, in the order in which they were sent. */
class Scene {
  readonly told: string[] = [];
  readonly timeoutsMs: number[] = [];
  private readonly open: ((reply: unknown) => void)[] = [];
  readonly target = {
    nats: {
      closed: false,
      requestOne: (...[, , , timeoutMs, done]: [string, Buffer, object, number, (reply: unknown) => void]) => {
        this.timeoutsMs.push(timeoutMs);
        this.open.push(done);
      },
    },
    subject: 'pings',
    body: Buffer.from('id'),
  };
  readonly watch = new TransportWatch(
    { clientId: 'orders', connectTimeoutMs: 700, maxPingsOut: 3 },
    {
      onLost: () => this.told.push('lost'),
      onRestored: () => this.told.push('restored'),
      onSessionLost: ({ message }, forgotten) =>
        this.told.push(`${forgotten ? 'forgotten' : 'silent'}: ${message.includes('orders') ? 'orders' : ''}`),
    },
  );

  answer(reply: unknown): void {
    this.open.shift()?.(reply);
  }
}

function lostAndBack(): Scene {
  const scene = new Scene();
  scene.watch.lose();
  scene.watch.probe(scene.target);
  scene.told.length = 0;
  return scene;
}

describe('a watch over the transport of a session', () => {
  it('reports a loss once, however often the transport goes before the server has answered', () => {
    const scene = new Scene();
    expect(scene.watch.isLost()).toBe(false);
    scene.watch.lose();
    scene.watch.probe(scene.target);
    scene.watch.lose();
    expect(scene.told).toEqual(['lost']);
    expect(scene.watch.isLost()).toBe(true);
  });

  it('counts as lost until the server says that it knows this client', () => {
    const scene = lostAndBack();
    expect(scene.watch.isLost()).toBe(true);
    scene.answer('');
    expect(scene.told).toEqual(['restored']);
    expect(scene.watch.isLost()).toBe(false);
  });

  it('is restored without a question where the server knows no pings', () => {
    const scene = new Scene();
    scene.watch.lose();
    scene.watch.probe(undefined);
    expect(scene.told).toEqual(['lost', 'restored']);
  });

  it('asks as often as pings may stay open, each within the connect timeout', () => {
    const scene = lostAndBack();
    scene.answer(timedOut);
    scene.answer(timedOut);
    expect(scene.told).toEqual([]);
    scene.answer('');
    expect(scene.told).toEqual(['restored']);
    expect(scene.timeoutsMs).toEqual([700, 700, 700]);
  });

  it('ends the session after the last attempt without an answer', () => {
    const scene = lostAndBack();
    for (let attempt = 1; attempt <= 4; attempt += 1) scene.answer(timedOut);
    expect(scene.told).toEqual(['silent: orders']);
    expect(scene.timeoutsMs).toHaveLength(3);
  });

  it.each(['client replaced or no longer registered', undefined, Buffer.alloc(0)])(
    'ends a session whose server answers %o',
    (reply) => {
      const scene = lostAndBack();
      scene.answer(reply);
      expect(scene.told).toEqual(['forgotten: orders']);
    },
  );

  it('ignores the answer to a probe of a transport that was lost again', () => {
    const scene = lostAndBack();
    scene.watch.lose();
    scene.answer('');
    expect(scene.told).toEqual([]);
    scene.watch.probe(scene.target);
    scene.answer('');
    expect(scene.told).toEqual(['restored']);
  });

  it('asks nothing where the transport was not lost', () => {
    const scene = new Scene();
    scene.watch.probe(scene.target);
    expect(scene.timeoutsMs).toEqual([]);
    expect(scene.told).toEqual([]);
  });

  it('reports nothing once it is stopped', () => {
    const scene = lostAndBack();
    scene.watch.stop();
    scene.answer('no longer registered');
    scene.watch.probe(scene.target);
    expect(scene.told).toEqual([]);
    expect(scene.timeoutsMs).toHaveLength(1);
  });
});

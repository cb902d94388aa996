import { expect, it } from 'vitest';
import { contract, emitAll, upTo } from '../support/contract.js';
import { fresh } from '../support/fresh.js';
import { startServiceProcess } from '../support/service-process.js';
import { eventually } from '../support/wait.js';

contract(
  'services in processes of their own',
  (t) => {
    const service = (options: { clientId: string; subject: string; group: string; workMs?: number }) =>
      startServiceProcess({ url: t.broker.url, clusterId: t.broker.clusterId, ...options });
    const ascending = (values: readonly number[]) => [...values].sort((a, b) => a - b);
    const pending = (subject: string) => t.broker.facts.pendingCount(subject);

    it('D30 resumes after SIGKILL under the same client id, with nothing lost', async () => {
      const names = { clientId: fresh('orders'), subject: fresh('tickets'), group: fresh('group') };
      const first = await service({ ...names, workMs: 20 });
      await emitAll(await t.client(), names.subject, upTo(200));
      await eventually(() => first.done.length >= 50, { what: 'the first events' });
      first.kill('SIGKILL');
      expect(await first.ended()).toBe('SIGKILL');
      const second = await service(names);
      await eventually(
        async () => {
          expect(new Set([...first.done, ...second.done]).size).toBe(200);
          expect(await pending(names.subject)).toBe(0);
        },
        { what: 'all 200 events', timeoutMs: 60_000 },
      );
    });

    it('G54 hands on its work at SIGTERM under load: nothing is lost, nothing is handled by both', async () => {
      const names = { subject: fresh('tickets'), group: fresh('group') };
      const [leaving, staying] = await Promise.all([
        service({ ...names, clientId: fresh('orders') }),
        service({ ...names, clientId: fresh('orders') }),
      ]);
      const client = await t.client();
      const publishing = (async () => {
        for (const id of upTo(1_000)) await client.emitAsync(names.subject, id);
      })();
      await eventually(() => leaving.done.length >= 100, { what: '100 events at the one that leaves' });
      leaving.kill('SIGTERM');
      expect(await leaving.ended()).toBe('SIGTERM');
      await publishing;
      await eventually(
        async () => {
          expect(leaving.done.length + staying.done.length).toBe(1_000);
          expect(await pending(names.subject)).toBe(0);
        },
        { what: 'all 1 000 events', timeoutMs: 40_000 },
      );
      expect(ascending([...leaving.done, ...staying.done])).toEqual(upTo(1_000));
      expect(leaving.started).toHaveLength(leaving.done.length);
    });

    it('G56 ends by itself after app.close(), with exit code 0', async () => {
      const names = { clientId: fresh('orders'), subject: fresh('tickets'), group: fresh('group') };
      const running = await service(names);
      await emitAll(await t.client(), names.subject, upTo(10));
      await eventually(() => running.done.length === 10);
      running.close();
      expect(await running.ended()).toBe(0);
    });
  },
  { clock: 'real' },
);

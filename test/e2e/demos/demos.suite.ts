import { expect, it } from 'vitest';
import { cellsOf, columnsOf, runDemo } from './run-demo.js';

const names = ['dead-client', 'fast-listener', 'twice', 'failing'] as const;

/** The row of the table in which the naive listener of a demo shows its harm. */
const harm: Readonly<Record<string, string>> = {
  'dead-client': 'lost',
  'fast-listener': 'out of order',
  twice: 'doubled',
  failing: 'lost',
};

/** All demos against one server; `start` gives the environment that names it. */
export function demosOn(server: string, start: () => Promise<NodeJS.ProcessEnv>, isMissing = false): void {
  it.skipIf(isMissing)(
    `shows four times the harm, then what helps, by hand and with the library: on ${server}`,
    { timeout: 300_000 },
    async () => {
      const { code, output } = await runDemo(['all'], await start());
      expect({ code, output }).toMatchObject({ code: 0 });
      const [, ...tables] = output.split(/^(?=[a-z-]+: |in short$)/m);
      const summary = tables.pop() ?? '';
      expect(tables.map((text) => text.slice(0, text.indexOf(':')))).toEqual(names);
      for (const [index, name] of names.entries()) {
        const columns = columnsOf(tables[index] ?? '');
        expect(new Set(columns.map(({ way }) => way))).toEqual(new Set(['naive', 'by hand', 'with the library']));
        for (const { way, row } of columns) {
          if (way === 'naive') {
            expect(Number(row(harm[name] ?? ''))).toBeGreaterThan(0);
            continue;
          }
          expect([row('lost'), row('doubled'), row('out of order'), row('clean')]).toEqual(['0', '0', '0', 'yes']);
          expect(row('applied')).toBe(row('events'));
        }
      }
      const [head, ...inShort] = cellsOf(summary);
      expect(head).toEqual(['naive', 'by hand', 'with the library']);
      expect(
        inShort.map(([name, naive, ...others]) => [name, naive?.includes(harm[name ?? ''] ?? ''), ...others]),
      ).toEqual(names.map((name) => [name, true, 'clean', 'clean']));
    },
  );
}

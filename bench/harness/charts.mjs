import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { barChart } from './svg-chart.mjs';

/** Which cases each picture shows: the first capture of a name is the group's label. */
const charts = [
  { file: 'publish.svg', title: 'Publishing, window 1 024', pattern: /^publish (\d+ K?B), window 1024$/ },
  { file: 'publish-one-by-one.svg', title: 'Publishing, window 1', pattern: /^publish (\d+ K?B), window 1$/ },
  { file: 'deliver.svg', title: 'Delivery, acked after the handler', pattern: /^deliver (\d+ K?B), afterHandler$/ },
  { file: 'ack-modes.svg', title: 'Delivery of 128 B by ack mode', pattern: /^deliver 128 B, (\w+)$/ },
  { file: 'latency.svg', title: 'Latency at 1 000 a second', pattern: /^latency at 1000\/s, (p\d+)$/ },
  { file: 'cpu.svg', title: 'Processor time per message of 128 B', pattern: /^(publish|deliver) 128 B.*, cpu$/ },
  {
    file: 'subscriptions.svg',
    title: 'Processor time per message',
    pattern: /^deliver over (\d+ subscriptions?), cpu$/,
  },
  { file: 'message-count.svg', title: 'Processor time per message', pattern: /^(\w+ \d+) messages, cpu$/ },
];

/**
 * Draws every chart that the rows have cases for.
 * @param {string} folder
 */
export function drawCharts(folder, rows, contestants) {
  for (const { file, title, pattern } of charts) {
    const shown = rows.flatMap((row) => {
      const label = pattern.exec(row.name)?.[1];
      return label === undefined ? [] : [{ ...row, label }];
    });
    if (shown.length > 0) writeFileSync(join(folder, file), barChart({ title, rows: shown, contestants }));
  }
}

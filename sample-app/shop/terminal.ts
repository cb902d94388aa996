import type { BusPart, Shop } from './shop.js';
import { withoutCredentials } from './without-credentials.js';

const colours = process.stdout.isTTY && !process.env['NO_COLOR'];
const bold = (text: string) => (colours ? `\x1b[1m${text}\x1b[22m` : text);
const dim = (text: string) => (colours ? `\x1b[2m${text}\x1b[22m` : text);

/** Prints one line. */
export function say(line = ''): void {
  console.log(line);
}

/** A line that an instance printed, with its name before it. */
export function sayFor(instance: string, line: string): void {
  console.log(`${dim(`[${instance}]`)} ${line}`);
}

/** What runs where, and what to try next. */
export function describeShop({ bus, database, instances }: Shop, pageUrl: string): void {
  const rows: [string, string, string][] = [
    ['page', pageUrl, 'open this'],
    ['event bus', withoutCredentials(bus.url), bus.note],
    ...(bus.monitoringUrl
      ? [['', `${bus.monitoringUrl}/streaming`, 'its monitoring'] as [string, string, string]]
      : []),
    ['database', withoutCredentials(database.url), database.note],
    ...instances.views().map(({ name, url, pid }): [string, string, string] => [name, url ?? '', `pid ${pid ?? '?'}`]),
  ];
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  say();
  for (const [what, where, note] of rows) {
    say(`  ${bold(what.padEnd(widths[0] ?? 0))}  ${where.padEnd(widths[1] ?? 0)}  ${dim(note)}`);
  }
  say();
  for (const line of suggestions(bus, pageUrl, instances.views()[0]?.pid)) say(`  ${line}`);
  say();
}

function suggestions(bus: BusPart, pageUrl: string, pid: number | undefined): string[] {
  const url = bus.url.endsWith('127.0.0.1:4222') ? '' : `NATS_URL=${shownInCommand(bus.url)} `;
  const at = url + (bus.clusterId === 'test-cluster' ? '' : `NATS_CLUSTER_ID=${bus.clusterId} `);
  return [
    bold('Try'),
    `on the page: create a ticket, reprice it, order it; then switch a fault on and watch the events`,
    `here: curl -X POST ${pageUrl}/api/tickets -H 'content-type: application/json' -d '{"title":"Concert","price":20}'`,
    `      kill -9 ${pid ?? '<pid>'}     ${dim('an instance dies; it comes back and catches up')}`,
    `in sample-app/: ${at}npm run listen    ${dim('one more listener, in another terminal')}`,
    `Ctrl-C stops everything, a second one at once.`,
  ];
}

/** A URL with credentials came from this very variable: the command takes it from there. */
function shownInCommand(url: string): string {
  return withoutCredentials(url) === url ? url : '"$NATS_URL"';
}

import { parseArgs } from 'node:util';

/** What `npm run bench -- --help` prints. */
export const usage = `Usage: npm run bench [-- options]

  --quick          fewer messages and rounds, about a minute in all
  --embedded       on the embedded broker instead of nats-streaming-server (npm run server:install)
  --driver NAME    stan (default), or jetstream: its rows, on nats-server and nats-streaming-server
  --only PATTERN   only the cases whose name matches this regular expression
  --rounds N       rounds per case (default 5, with --quick 3)
  --minutes N      start no new case or round after this time (default 12; --quick has a limit of its own)
  --json FILE      write the figures as JSON
  --markdown FILE  write the tables as Markdown
  --charts FOLDER  draw them as SVG
  --help           print this`;

/**
 * @typedef {object} BenchOptions
 * @property {boolean} quick
 * @property {boolean} embedded
 * @property {'stan' | 'jetstream'} driver
 * @property {RegExp} only
 * @property {number} rounds
 * @property {number} minutes
 * @property {string | undefined} json
 * @property {string | undefined} markdown
 * @property {string | undefined} charts
 */

/**
 * Reads the command line; `undefined` when help was asked for.
 * @param {string[]} argv
 * @returns {BenchOptions | undefined}
 */
export function readOptions(argv) {
  const { values } = parseArgs({
    args: argv,
    options: {
      quick: { type: 'boolean', default: false },
      embedded: { type: 'boolean', default: false },
      driver: { type: 'string', default: 'stan' },
      only: { type: 'string', default: '' },
      rounds: { type: 'string' },
      minutes: { type: 'string', default: '12' },
      json: { type: 'string' },
      markdown: { type: 'string' },
      charts: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return undefined;
  if (!['stan', 'jetstream'].includes(values.driver))
    throw new Error(`--driver must be stan or jetstream, got '${values.driver}'`);
  const rounds = Number(values.rounds ?? (values.quick ? 3 : 5));
  if (!Number.isInteger(rounds) || rounds < 1)
    throw new Error(`--rounds must be a whole number from 1, got '${values.rounds}'`);
  const minutes = Number(values.minutes);
  if (!(minutes > 0)) throw new Error(`--minutes must be a number above 0, got '${values.minutes}'`);
  return { ...values, rounds, minutes, only: new RegExp(values.only, 'i') };
}

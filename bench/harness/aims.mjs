/**
 * The aims of the benchmarks, judged within one run. Each names the row that it is about; `figure` takes what is compared
 * out of that row of this package, `limit` is what it may be at most, or must be at least.
 */
const ratioToRaw = (own) => own.ratioToRaw;
const ratioToOther = (own, other) => (other?.ratioToRaw ? own.ratioToRaw / other.ratioToRaw : undefined);
const besidePayload = (own) => own.value - own.payloadBytes;

const aims = [
  { text: 'publishing 128 B, times raw', of: 'publish 128 B, window 1024', figure: ratioToRaw, atLeast: 1.6 },
  { text: 'publishing 128 B, cpu of raw', of: 'publish 128 B, window 1024, cpu', figure: ratioToRaw, atMost: 0.55 },
  { text: 'publishing 16 KB, cpu of raw', of: 'publish 16 KB, window 1024, cpu', figure: ratioToRaw, atMost: 0.8 },
  { text: 'publishing one at a time, times raw', of: 'publish 128 B, window 1', figure: ratioToRaw, atLeast: 1 },
  {
    text: 'delivery, acked after the handler, times raw',
    of: 'deliver 128 B, afterHandler',
    figure: ratioToRaw,
    atLeast: 1.3,
  },
  { text: 'p50 latency, of raw', of: 'latency at 1000/s, p50', figure: ratioToRaw, atMost: 1.15 },
  { text: 'p99 latency at 1 000/s, of raw', of: 'latency at 1000/s, p99', figure: ratioToRaw, atMost: 1 },
  { text: 'p99 latency at 10 000/s, of raw', of: 'latency at 10000/s, p99', figure: ratioToRaw, atMost: 1 },
  { text: 'publishing, times the other transport', of: 'publish 128 B, window 1024', figure: ratioToOther, atLeast: 2 },
  { text: 'delivery, times the other transport', of: 'deliver 128 B, afterHandler', figure: ratioToOther, atLeast: 2 },
  {
    text: 'a pending publish, bytes beside its payload',
    of: 'memory, 100000 pending publishes',
    figure: besidePayload,
    atMost: 450,
  },
  { text: 'a subscription, bytes', of: 'memory, 1000 subscriptions', figure: (own) => own.value, atMost: 20_000 },
  {
    text: 'from the start of a process to its first event, times a bare Nest microservice on TCP',
    of: 'start of a Nest app to first event',
    figure: ratioToRaw,
    atMost: 1.2,
  },
];

/** Aims about what a message costs as there is more of something: how many times as much it may be. */
const growthAims = [
  {
    text: 'cpu of a delivery over 1 000 subscriptions, times that over 1',
    few: 'deliver over 1 subscription, cpu',
    many: 'deliver over 1000 subscriptions, cpu',
    atMost: 1.4,
  },
  ...['publish', 'deliver'].map((way) => ({
    text: `${way}: cpu of one of 1 000 000 messages, times that of one of 1 000`,
    few: `${way} 1000 messages, cpu`,
    many: `${way} 1000000 messages, cpu`,
    atMost: 1.15,
  })),
];

/** Whether an aim is about a case, or about one of its metrics. */
export function isAimed(caseName) {
  const rows = [...aims.map(({ of }) => of), ...growthAims.flatMap(({ few, many }) => [few, many])];
  return rows.some((row) => row === caseName || row.startsWith(`${caseName}, `));
}

/** Tells of each aim whether it is met, or that it was not measured; `only` names the cases that were to be. */
export function judgeAims(rows, only = /(?:)/) {
  return [...aims.map((aim) => judgeFigure(aim, rows)), ...growthAims.map((aim) => judgeGrowth(aim, rows))].flatMap(
    ({ aim, row, figure, note = '' }) => {
      if (Number.isFinite(figure)) return [`${verdict(aim, figure)}${note}`];
      return only.test(row) ? [`not run ${aim.text}`] : [];
    },
  );
}

function judgeFigure(aim, rows) {
  const rowOf = (of, contestant) => rows.find(({ name, contestant: by }) => name === of && by === contestant);
  const own = rowOf(aim.of, 'nestjs-stan');
  return { aim, row: aim.of, figure: own && aim.figure(own, rowOf(aim.of, 'other transport')) };
}

/** The growth of this package, and beside it the raw client's of the same run. */
function judgeGrowth(aim, rows) {
  const valueOf = (of, contestant) => rows.find(({ name, contestant: by }) => name === of && by === contestant)?.value;
  const [own, raw] = ['nestjs-stan', 'raw'].map((by) => valueOf(aim.many, by) / valueOf(aim.few, by));
  return { aim, row: aim.many, figure: own, note: ` (raw ${raw.toFixed(2)})` };
}

/** Whether one aim is met, as a line. */
export function verdict({ text, atLeast, atMost }, figure) {
  const isMet = atLeast === undefined ? figure <= atMost : figure >= atLeast;
  const limit = atLeast === undefined ? `at most ${atMost}` : `at least ${atLeast}`;
  const digits = figure >= 100 ? 0 : 2;
  return `${isMet ? 'met   ' : 'missed'}  ${text}: ${figure.toFixed(digits)}, ${limit}`;
}

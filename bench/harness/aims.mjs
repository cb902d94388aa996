/** The aims of the benchmarks, as ratios inside one run. */
const aims = [
  { text: 'publishing at least 0.90 of raw', of: 'publish 128 B, window 1024', holds: ({ ratio }) => ratio >= 0.9 },
  {
    text: 'delivery, ack after the handler, at least 0.85 of raw',
    of: 'deliver 128 B, afterHandler',
    holds: ({ ratio }) => ratio >= 0.85,
  },
  { text: 'p50 latency at most 1.15 of raw', of: 'latency at 1000/s, p50', holds: ({ ratio }) => ratio <= 1.15 },
  {
    text: 'publishing at least twice the other transport',
    of: 'publish 128 B, window 1024',
    holds: ({ toOther }) => toOther >= 2,
  },
  {
    text: 'delivery at least twice the other transport',
    of: 'deliver 128 B, afterHandler',
    holds: ({ toOther }) => toOther >= 2,
  },
];

/** What the processor time per message may grow by and still be called flat: runs of one thing differ by as much. */
const flatGrowth = 1.15;

/** Aims about what a message costs as there is more of something. */
const flatAims = [
  {
    text: 'cost per message flat from 1 to 100 subscriptions',
    few: 'deliver over 1 subscription, cpu',
    many: 'deliver over 100 subscriptions, cpu',
  },
  ...['publish', 'deliver'].map((way) => ({
    text: `${way}: cost per message flat from 1 000 to 1 000 000 messages`,
    few: `${way} 1000 messages, cpu`,
    many: `${way} 1000000 messages, cpu`,
  })),
];

/** Tells of each aim that was measured whether it holds. */
export function judgeAims(rows) {
  return [...judgeRatios(rows), ...judgeFlatness(rows)];
}

/** The growth of this package, and beside it the raw client's of the same run. */
function judgeFlatness(rows) {
  const valueOf = (of, contestant) => rows.find(({ name, contestant: by }) => name === of && by === contestant)?.value;
  return flatAims.flatMap(({ text, few, many }) => {
    const [own, raw] = ['nestjs-stan', 'raw'].map((contestant) => valueOf(many, contestant) / valueOf(few, contestant));
    if (!Number.isFinite(own)) return [];
    return [`${own <= flatGrowth ? 'holds ' : 'missed'}  ${text}: ${own.toFixed(2)} times (raw ${raw.toFixed(2)})`];
  });
}

function judgeRatios(rows) {
  return aims.flatMap(({ text, of, holds }) => {
    const row = (contestant) => rows.find(({ name, contestant: by }) => name === of && by === contestant);
    const own = row('nestjs-stan');
    if (own === undefined || own.ratioToRaw === null) return [];
    const other = row('other transport');
    const figures = { ratio: own.ratioToRaw, toOther: other ? own.ratioToRaw / other.ratioToRaw : undefined };
    const figure = text.includes('other') ? figures.toOther : figures.ratio;
    if (figure === undefined) return [];
    return [`${holds(figures) ? 'holds ' : 'missed'}  ${text}: ${figure.toFixed(2)}`];
  });
}

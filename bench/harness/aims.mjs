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

/** Tells of each aim that was measured whether it holds. */
export function judgeAims(rows) {
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

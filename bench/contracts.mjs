/**
 * What a contract costs: processor time per event of 128 bytes, for what a publish and a delivery do with it besides, and
 * beside the JSON that both need anyway. `node bench/contracts.mjs [--rounds 15]`; needs `npm run build`.
 */
import 'reflect-metadata';
import { parseArgs } from 'node:util';
import { IsNumber, IsString } from 'class-validator';
import { z } from 'zod';
import { defineEvents } from '../dist/lib/index.js';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '15' } } });
const eventsPerRound = 50_000;
const event = { id: '7f8f2f0e-1b1a-4c0d-9f5a-000000000000', title: 'x'.repeat(48), price: 20.5, version: 3 };
const text = JSON.stringify(event);

class Ticket {}
for (const [name, decorator] of [
  ['id', IsString()],
  ['title', IsString()],
  ['price', IsNumber()],
  ['version', IsNumber()],
])
  decorator(Ticket.prototype, name);

const schema = z.object({ id: z.string(), title: z.string(), price: z.number(), version: z.number() });
const ways = { none: undefined, zod: defineEvents({ t: schema }), class: defineEvents({ t: Ticket }) };
const figures = Object.fromEntries(Object.keys(ways).map((name) => [name, { publish: [], receive: [] }]));

// In turn, so that a slow moment of the machine meets all of them; the first round only warms up.
for (let round = 0; round <= Number(values.rounds); round += 1) {
  for (const [name, contract] of Object.entries(ways)) {
    const publish = cpuPerEvent(() => JSON.stringify(contract === undefined ? event : contract.toWire('t', event)));
    const receive = cpuPerEvent(() => {
      const data = JSON.parse(text);
      return contract === undefined ? data : contract.definition.read({ subject: 't', sequence: 1 }, data);
    });
    if (round === 0) continue;
    figures[name].publish.push(publish);
    figures[name].receive.push(receive);
  }
}
for (const [name, { publish, receive }] of Object.entries(figures)) {
  const added = (own, base) => `${median(own).toFixed(2)} us (+${(median(own) - median(base)).toFixed(2)})`;
  const [p, r] = [added(publish, figures.none.publish), added(receive, figures.none.receive)];
  console.log(`${name.padEnd(6)} publish ${p.padEnd(20)} receive ${r}`);
}

function cpuPerEvent(work) {
  const before = process.cpuUsage();
  for (let i = 0; i < eventsPerRound; i += 1) work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / eventsPerRound;
}

function median(values) {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}

/**
 * `npm run publish [-- title price]`: publishes a `ticket:created` event and prints the server's receipt. Without
 * arguments it asks, again and again.
 */
import 'reflect-metadata';
import { randomUUID } from 'node:crypto';
import { createInterface } from 'node:readline/promises';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ClientStan, StanModule, uniqueClientId } from 'nestjs-stan';
import type { TicketCreated } from '../shared/ticket-events.js';
import { readConnection, readWords } from './connection.js';

@Module({ imports: [StanModule.register({ ...readConnection(), clientId: uniqueClientId('publisher') })] })
class PublishModule {}

const app = await NestFactory.createApplicationContext(PublishModule, { logger: ['fatal', 'error', 'warn'] });
app.enableShutdownHooks();
const client = app.get(ClientStan);
const words = readWords();
try {
  if (words.length > 0) await publish(words);
  else await publishWhatIsTyped();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  await app.close();
}

async function publish([title = '', price = '']: readonly string[]): Promise<void> {
  const event = ticketFrom(title, price);
  const receipt = await client.emitAsync('ticket:created', event);
  console.log(`stored: ticket:created ${JSON.stringify(event)}  guid ${receipt.guid}`);
}

async function publishWhatIsTyped(): Promise<void> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout, prompt: 'title and price> ' });
  terminal.prompt();
  for await (const line of terminal) {
    const words = line.trim().split(/\s+/);
    const price = words.pop() ?? '';
    await publish([words.join(' '), price]).catch((error: unknown) =>
      console.error(error instanceof Error ? error.message : error),
    );
    terminal.prompt();
  }
}

function ticketFrom(title: string, price: string): TicketCreated {
  if (title === '' || !(Number(price) >= 0) || price === '')
    throw new Error('give a title and a price, like: concert 20');
  return { id: randomUUID(), version: 0, title, price: Number(price) };
}

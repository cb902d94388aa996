import type { AddressInfo, Socket } from 'node:net';
import { createServer } from 'node:net';
import { cleanUpAfterTest } from './cleanup.js';

/** What a client has published to a scripted server. */
export interface ScriptedPublish {
  readonly subject: string;
  readonly reply: string;
  /** Its headers as they were sent; empty for none. */
  readonly headers: string;
  readonly data: string;
}

/** What the script answers: JSON, a status line such as `503`, or nothing, in so many words where it is lost. */
export type ScriptedAnswer = { readonly [key: string]: unknown } | { readonly status: string } | 'lost' | undefined;

/**
 * A NATS server that does what a test says: it takes publishes and subscriptions, and answers by `script`. It keeps no
 * stream and no consumer. Closed when the test ends.
 */
export class ScriptedNats {
  readonly publishes: ScriptedPublish[] = [];
  private readonly server = createServer((socket) => this.accept(socket));
  private readonly subscriptions = new Map<Socket, Map<string, string>>();

  private constructor(private readonly script: (publish: ScriptedPublish) => ScriptedAnswer) {}

  static async start(script: (publish: ScriptedPublish) => ScriptedAnswer): Promise<ScriptedNats> {
    const nats = new ScriptedNats(script);
    cleanUpAfterTest(() => nats.close());
    await new Promise<void>((resolve) => nats.server.listen(0, '127.0.0.1', resolve));
    return nats;
  }

  get url(): string {
    return `nats://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** The subjects that clients have published to, without those of a prefix. */
  subjects(without = '$JS.ACK'): string[] {
    return this.publishes.map(({ subject }) => subject).filter((subject) => !subject.startsWith(without));
  }

  /** Sends a message to whoever has subscribed to the subject. */
  send(subject: string, { reply = '', data = '', headers = '' }: Partial<Omit<ScriptedPublish, 'subject'>> = {}): void {
    for (const [socket, subscriptions] of this.subscriptions) {
      for (const [sid, pattern] of subscriptions) {
        if (!matches(pattern, subject)) continue;
        const to = reply === '' ? `${subject} ${sid}` : `${subject} ${sid} ${reply}`;
        if (headers === '') socket.write(`MSG ${to} ${Buffer.byteLength(data)}\r\n${data}\r\n`);
        else {
          const head = `NATS/1.0${headers}\r\n\r\n`;
          const sizes = `${Buffer.byteLength(head)} ${Buffer.byteLength(head) + Buffer.byteLength(data)}`;
          socket.write(`HMSG ${to} ${sizes}\r\n${head}${data}\r\n`);
        }
      }
    }
  }

  async close(): Promise<void> {
    for (const socket of this.subscriptions.keys()) socket.destroy();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }

  private accept(socket: Socket): void {
    this.subscriptions.set(socket, new Map());
    socket.on('error', () => undefined).on('close', () => this.subscriptions.delete(socket));
    const info = { server_id: 'scripted', version: '2.15.2', headers: true, max_payload: 1_048_576, jetstream: true };
    socket.write(`INFO ${JSON.stringify(info)}\r\n`);
    let rest = '';
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      rest += chunk;
      for (let taken = this.takeOne(socket, rest); taken > 0; taken = this.takeOne(socket, rest))
        rest = rest.slice(taken);
    });
  }

  /** Carries out the first command of what has come; returns its length, 0 where it is not complete. */
  private takeOne(socket: Socket, text: string): number {
    const end = text.indexOf('\r\n');
    if (end < 0) return 0;
    const [verb = '', ...words] = text.slice(0, end).split(' ');
    if (verb === 'PING') socket.write('PONG\r\n');
    else if (verb === 'SUB') this.subscriptions.get(socket)?.set(words.at(-1) ?? '', words[0] ?? '');
    else if (verb === 'UNSUB') this.subscriptions.get(socket)?.delete(words[0] ?? '');
    else if (verb === 'PUB' || verb === 'HPUB') {
      const size = Number(words.at(-1));
      if (text.length < end + 4 + size) return 0;
      const headSize = verb === 'HPUB' ? Number(words.at(-2)) : 0;
      const body = text.slice(end + 2, end + 2 + size);
      const hasReply = words.length === (verb === 'HPUB' ? 4 : 3);
      this.take({
        ...{ subject: words[0] ?? '', reply: hasReply ? (words[1] ?? '') : '' },
        ...{ headers: body.slice(0, headSize), data: body.slice(headSize) },
      });
      return end + 4 + size;
    }
    return end + 2;
  }

  private take(publish: ScriptedPublish): void {
    this.publishes.push(publish);
    const answer = this.script(publish);
    if (answer === undefined || answer === 'lost' || publish.reply === '') return;
    if (typeof answer['status'] === 'string') this.send(publish.reply, { headers: ` ${answer['status']}` });
    else this.send(publish.reply, { data: JSON.stringify(answer) });
  }
}

function matches(pattern: string, subject: string): boolean {
  const [wanted, tokens] = [pattern.split('.'), subject.split('.')];
  if (wanted.at(-1) === '>')
    return wanted.slice(0, -1).every((token, index) => token === '*' || token === tokens[index]);
  return wanted.length === tokens.length && wanted.every((token, index) => token === '*' || token === tokens[index]);
}

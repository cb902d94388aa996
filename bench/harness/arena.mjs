import { contestantNames, startContestant } from './contestant-process.mjs';
import { startServer } from './server.mjs';

/**
 * A server with every contestant connected to it, and a process beside them that fills channels.
 * @typedef {object} Arena
 * @property {Awaited<ReturnType<typeof startServer>>} server
 * @property {(name: string) => { call(operation: string, args: object, timeoutMs?: number): Promise<any> }} contestant
 * @property {(prefix: string) => string} freshSubject a channel that nobody has used
 * @property {(key: string, filling: { count: number, payloadBytes: number, channels?: number }) => Promise<string[]>} filled
 *   channels that together hold `count` events; filled once per key and read by everybody, since readers leave no trace
 * @property {() => Promise<void>} close
 */

/**
 * @param {{ embedded: boolean, contestants?: readonly string[], store?: 'MEMORY' | 'FILE' }} setup
 * @returns {Promise<Arena>}
 */
export async function openArena({ embedded, contestants = contestantNames, store = 'MEMORY' }) {
  const server = await startServer({ embedded, store });
  // The filler is none of the contestants: its work would warm that one's code up.
  const [filler, ...running] = await Promise.all(['raw', ...contestants].map((name) => startContestant(name, server)));
  const byName = new Map(running.map((contestant) => [contestant.name, contestant]));
  const channels = new Map();
  let subjects = 0;
  const freshSubject = (prefix) => `${prefix}.${(subjects += 1)}`;

  async function fill({ count, payloadBytes, channels: channelCount = 1 }) {
    const names = Array.from({ length: channelCount }, () => freshSubject('filled'));
    const each = Math.ceil(count / channelCount);
    for (const subject of names) await filler.call('publish', { subject, count: each, window: 256, payloadBytes });
    return names;
  }

  return {
    server,
    contestant: (name) => byName.get(name),
    freshSubject,
    filled: async (key, filling) => {
      if (!channels.has(key)) channels.set(key, await fill(filling));
      return channels.get(key);
    },
    close: async () => {
      await Promise.all([filler, ...running].map((contestant) => contestant.close()));
      await server.close();
    },
  };
}

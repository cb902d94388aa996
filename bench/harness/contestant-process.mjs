import { fork } from 'node:child_process';
import { join } from 'node:path';

import { goClient, GoContestant } from './go-contestant.mjs';

const contestants = join(import.meta.dirname, '..', 'contestants');

/** Where each contestant's program is. */
const programs = {
  raw: 'raw.mjs',
  'nestjs-stan': 'nestjs-stan.mjs',
  'other transport': join('other-transport', 'contestant.cjs'),
};

/** What is left to gain is shown by them, in a few cases. */
const yardstickPrograms = { 'limit tried': 'limit.mjs' };

/** Those of `--driver jetstream`, with what their programs are given beside the server. */
const jetStreamPrograms = {
  'raw pull': [join('..', 'jetstream', 'contestants', 'raw.mjs')],
  '@nats-io/jetstream': [join('..', 'jetstream', 'contestants', 'library.mjs')],
  'nestjs-stan driver': [join('..', 'jetstream', 'contestants', 'driver.mjs'), 'jetstream'],
  'STAN driver on STAN': [join('..', 'jetstream', 'contestants', 'driver.mjs'), 'stan'],
  'nestjs-stan in Nest': ['nestjs-stan.mjs', 'jetstream'],
  'other transport in Nest': [join('other-jetstream-transport', 'contestant.cjs')],
};

/** @typedef {keyof typeof programs | keyof typeof jetStreamPrograms} ContestantName */

/** @type {ContestantName[]} The order of the tables; the first is what the others are compared with. */
export const contestantNames = Object.keys(programs);
export const yardstickNames = [...Object.keys(yardstickPrograms), goClient];
export const jetStreamContestantNames = Object.keys(jetStreamPrograms);

const startTimeoutMs = 20_000;

/**
 * Starts a contestant in a process of its own; resolves once it has connected and takes requests.
 * @param {ContestantName} name
 * @param {{ url: string, clusterId: string }} server
 */
export async function startContestant(name, { url, clusterId }) {
  if (name === goClient) return new GoContestant({ url, clusterId });
  const contestant = new Contestant(name, url, clusterId);
  await contestant.ready;
  return contestant;
}

class Contestant {
  /** Called with what the process tells beside its answers. */
  onReport = () => undefined;
  #child;
  #calls = new Map();
  #nextId = 1;
  #failReady;

  constructor(name, url, clusterId) {
    this.name = name;
    const [program, ...args] = jetStreamPrograms[name] ?? [programs[name] ?? yardstickPrograms[name]];
    const child = fork(join(contestants, program), [url, clusterId, ...args], { execArgv: ['--expose-gc'] });
    this.#child = child;
    this.ready = new Promise((resolve, reject) => {
      this.#failReady = reject;
      const timer = setTimeout(() => reject(new Error(`${name} did not start in time`)), startTimeoutMs);
      child.on('message', (message) => {
        if (message.ready) {
          clearTimeout(timer);
          resolve();
        } else {
          this.#onMessage(message);
        }
      });
    });
    child.on('exit', (code) => this.#fail(new Error(`${name} ended with code ${code}`)));
    child.on('error', (error) => this.#fail(error));
  }

  /**
   * Has the process run one of its operations.
   * @param {string} operation
   * @param {object} args
   * @param {number} timeoutMs a lost message would otherwise hold the run up forever
   */
  call(operation, args, timeoutMs = 60_000) {
    const id = this.#nextId;
    this.#nextId += 1;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#calls.delete(id);
        reject(new Error(`${this.name}: ${operation} ${JSON.stringify(args)} took over ${timeoutMs} ms`));
      }, timeoutMs);
      this.#calls.set(id, { resolve, reject, timer });
      this.#child.send({ id, operation, args });
    });
  }

  async close() {
    const { exitCode, signalCode } = this.#child;
    if (exitCode !== null || signalCode !== null) return;
    const exited = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill('SIGKILL');
    await exited;
  }

  #onMessage(message) {
    const call = this.#calls.get(message.id);
    if (call === undefined) {
      this.onReport(message);
      return;
    }
    this.#calls.delete(message.id);
    clearTimeout(call.timer);
    if (message.error === undefined) call.resolve(message.result);
    else call.reject(new Error(`${this.name}: ${message.error}`));
  }

  #fail(error) {
    this.#failReady(error);
    for (const { reject, timer } of this.#calls.values()) {
      clearTimeout(timer);
      reject(error);
    }
    this.#calls.clear();
  }
}

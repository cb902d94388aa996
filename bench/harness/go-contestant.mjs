import { rateOf, runStanBench } from './stan-bench.mjs';

export const goClient = 'Go client';

/**
 * The official Go client as a contestant: each operation is a run of `stan-bench`, which measures by itself. Its payloads
 * are bytes; it neither writes nor reads JSON. It tells no processor time.
 */
export class GoContestant {
  name = goClient;
  #server;
  #runs = 0;
  #operations = {
    publish: async ({ subject, count, window, payloadBytes }) => {
      const load = ['-np', '1', '-ns', '0', '-mpa', String(window), '-ms', String(payloadBytes)];
      return { perSecond: rateOf(await this.#run(subject, count, load), 'Pub') };
    },
    deliver: async ({ subjects: [subject], count }) => {
      return { perSecond: rateOf(await this.#run(subject, count, ['-np', '0', '-ns', '1']), 'Sub') };
    },
  };

  constructor({ url, clusterId }) {
    this.#server = ['-s', url, '-c', clusterId];
  }

  async call(operation, args) {
    return this.#operations[operation](args);
  }

  async close() {}

  #run(subject, count, load) {
    this.#runs += 1;
    const clientId = `bench-go-${process.pid}-${this.#runs}`;
    return runStanBench([...this.#server, '-id', clientId, '-n', String(count), ...load, subject]);
  }
}

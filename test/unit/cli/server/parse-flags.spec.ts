import { describe, expect, it } from 'vitest';
import { parseFlags } from '../../../../lib/cli/server/parse-flags.js';
import { serverFlags } from '../../../../lib/cli/server/server-flags.js';
import { defaultSettings } from '../../../../lib/cli/server/server-settings.js';

const split = (line: string) => line.split(' ').filter((word) => word !== '');

describe('the command line of the server', () => {
  it('has the defaults of nats-streaming-server when it is empty, on loopback', () => {
    expect(parseFlags([])).toEqual(defaultSettings());
    expect(defaultSettings()).toMatchObject({
      port: 4222,
      host: '127.0.0.1',
      clusterId: 'test-cluster',
      maxChannels: 100,
    });
  });

  it("takes the course's configuration as it stands", () => {
    expect(parseFlags(split('-p 4222 -m 8222 -hbi 5s -hbt 5s -hbf 2 -SD -cid ticketing'))).toEqual({
      ...defaultSettings(),
      port: 4222,
      monitoringPort: 8222,
      heartbeatIntervalMs: 5_000,
      heartbeatTimeoutMs: 5_000,
      maxFailedHeartbeats: 2,
      debug: true,
      clusterId: 'ticketing',
    });
  });

  it.each([
    ['-p 4333', { port: 4_333 }],
    ['-p=4333', { port: 4_333 }],
    ['--p 4333', { port: 4_333 }],
    ['--port=4333', { port: 4_333 }],
    ['-port 4333', { port: 4_333 }],
    ['-a 0.0.0.0', { host: '0.0.0.0' }],
    ['-st FILE --dir data', { store: 'FILE', directory: 'data' }],
    ['--store=memory', { store: 'MEMORY' }],
    ['-hbi 1m30s -hbt 250ms', { heartbeatIntervalMs: 90_000, heartbeatTimeoutMs: 250 }],
    ['-mc 0 -msu 5 -mm 7', { maxChannels: 0, maxSubscriptions: 5, maxMessages: 7 }],
    ['-mb 64KB', { maxBytes: 65_536 }],
    ['-ma 1.5h -mi 0s', { maxAgeMs: 5_400_000, maxInactivityMs: 0 }],
    ['--user me --pass secret', { user: 'me', password: 'secret' }],
    ['--auth token', { token: 'token' }],
    ['-SDV', { debug: true }],
    ['-SD=false', { debug: false }],
    ['-p 1 -p 2', { port: 2 }],
    ['--help -p', { showHelp: true }, '-p needs a value'],
  ])('reads %s', (line, expected, refusal?: string) => {
    if (refusal === undefined) expect(parseFlags(split(line))).toEqual({ ...defaultSettings(), ...expected });
    else expect(() => parseFlags(split(line))).toThrow(refusal);
  });

  it.each([
    ['-hbo 5s', 'unknown flag -hbo; did you mean -hbi?'],
    ['--max_chanels 5', 'unknown flag --max_chanels; did you mean --max_channels?'],
    ['--hbj 5s', 'unknown flag --hbj; did you mean -hbi?'],
    ['-sdv', 'unknown flag -sdv; did you mean -SDV?'],
    ['--clusterid x', 'unknown flag --clusterid; did you mean --cluster_id?'],
    ['--quux', /unknown flag --quux$/],
    ['--clustered', '--clustered is a flag of nats-streaming-server that the embedded broker does not have'],
    [
      '--file_slice_max_msgs 5',
      '--file_slice_max_msgs is a flag of nats-streaming-server that the embedded broker does',
    ],
    ['--sql_bulk_insert_limit 5', 'is a flag of nats-streaming-server that the embedded broker does not have'],
    ['-st SQL', 'MEMORY or FILE'],
    ['-st FILE', '-st FILE needs --dir <directory>'],
    ['-st DISK', '-st takes MEMORY or FILE, got "DISK"'],
    ['-p', '-p needs a value: -p <number>'],
    ['-p many', '-p takes a whole number, 0 or more, got "many"'],
    ['-hbi 5', '-hbi takes a duration such as 5s or 1m30s, got "5"'],
    ['-hbi 5s5', '-hbi takes a duration such as 5s or 1m30s, got "5s5"'],
    ['-mb lots', '-mb takes a size such as 1024 or 64MB, got "lots"'],
    ['-SD=maybe', '-SD takes true or false, got "maybe"'],
    ['4222', 'unexpected argument "4222"'],
    ['--', 'unexpected argument "--"'],
    ['--user me', '--user needs --pass <password>'],
    ['--pass x', '--pass needs --user <name>'],
    ['--user me --pass x --auth t', 'either --user and --pass, or --auth'],
  ])('refuses %s', (line, message) => {
    expect(() => parseFlags(split(line))).toThrow(message);
  });

  it('knows each name once', () => {
    const names = serverFlags.flatMap((flag) => flag.names);
    expect(new Set(names).size).toBe(names.length);
  });
});

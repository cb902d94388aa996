/** The folders of lib/ and which way imports go (see CONTRIBUTING.md). */
const room = (name) => `^lib/${name}/`;
/** Which everything in core may use; it imports nothing. */
const clock = '^lib/core/clock\\.ts$';
const only = (name, from, to, comment) => ({
  name,
  comment,
  severity: 'error',
  from,
  to: { path: '^lib/', pathNot: to },
});

/** Each room of the broker, and the rooms below it that it may import. A room is a folder with all that is in it. */
const inBroker = (rooms) =>
  rooms.map(([name, below]) =>
    only(`broker/${name}`, { path: room(`broker/${name}`) }, [
      room(`broker/(${[name, ...below].join('|')})`),
      room('core/(option-rules|errors)'),
    ]),
  );

module.exports = {
  forbidden: [
    {
      name: 'no-circular',
      comment: 'Files that know each other, if only by type, are one file or need an interface between them',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-circle-of-folders',
      comment: 'A folder that needs another is above it; what both need is a folder of its own below them',
      severity: 'error',
      scope: 'folder',
      from: { path: '^lib/' },
      to: { circular: true },
    },
    { name: 'not-to-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    only(
      'errors-import-nothing',
      { path: room('core/errors') },
      [room('core/errors')],
      'core/errors is the ground floor',
    ),
    only('option-rules', { path: room('core/option-rules') }, [room('core/(option-rules|errors)')]),
    only('options-import-rules-and-errors', { path: room('core/options') }, [
      // The port that the option `store` takes; it imports nothing.
      room('core/(options|option-rules|errors|event-store)'),
    ]),
    only('wire-imports-options-and-errors', { path: room('core/wire') }, [room('core/(wire|options|errors)')]),
    only('contracts', { path: room('core/contracts') }, [room('core/(contracts|options|errors)')]),
    only('driver-port', { path: room('core/driver') }, [room('core/(driver|options|errors)')]),
    only('clock', { path: clock }, ['^$'], 'The clock imports nothing'),
    only('dead-letters', { path: room('core/dead-letters') }, [
      room('core/(dead-letters|publishing|driver|options|errors|wire)'),
    ]),
    only('delivery', { path: room('core/delivery') }, [
      clock,
      room('core/(delivery|dead-letters|driver|options|option-rules|errors|wire)'),
    ]),
    only('event-store-port', { path: room('core/event-store') }, ['^$'], 'The port imports nothing'),
    only('inbox', { path: room('core/inbox') }, [
      clock,
      room('core/(inbox|event-store|delivery|dead-letters|driver|options|option-rules|errors|wire)'),
    ]),
    only('publishing', { path: room('core/publishing') }, [
      clock,
      room('core/(publishing|driver|options|errors|wire)'),
    ]),
    only('stores-import-core', { path: '^lib/stores/([^/]+)/' }, ['^lib/stores/$1/', room('core')]),
    {
      name: 'stores-load-no-package-of-a-database',
      severity: 'error',
      from: { path: '^lib/stores/' },
      to: { path: 'node_modules/', pathNot: 'node_modules/(class-validator|@types/node)/' },
    },
    only('observe', { path: room('core/observe') }, [
      clock,
      room('core/(observe|delivery|publishing|driver|options|errors|wire)'),
      '^lib/core/inbox/counting-event\\.ts$',
    ]),
    only('drivers-import-core', { path: '^lib/drivers/([^/]+)/' }, ['^lib/drivers/$1/', room('core')]),
    only('nest-imports-drivers-and-core', { path: room('nest') }, [room('nest'), room('drivers'), room('core')]),
    only('telemetry', { path: room('telemetry') }, [room('telemetry'), room('core'), room('nest'), room('monitoring')]),
    {
      name: 'one-importer-of-opentelemetry',
      comment: 'An optional peer: only its own door may load it',
      severity: 'error',
      from: { path: '^lib/', pathNot: room('telemetry/opentelemetry') },
      to: { path: 'node_modules/@opentelemetry/' },
    },
    {
      name: 'one-importer-of-prom-client',
      comment: 'An optional peer: only its own door may load it',
      severity: 'error',
      from: { path: '^lib/', pathNot: room('telemetry/prometheus') },
      to: { path: 'node_modules/prom-client/' },
    },
    only('asyncapi', { path: room('asyncapi') }, [room('asyncapi'), room('nest'), room('core')]),
    only('jetstream-door', { path: room('jetstream') }, [room('jetstream'), room('drivers/jetstream'), room('core')]),
    {
      name: 'one-importer-of-nats-io',
      comment: 'An optional peer: only the driver behind its own door may load it',
      severity: 'error',
      from: { path: '^lib/', pathNot: room('drivers/jetstream') },
      to: { path: 'node_modules/@nats-io/' },
    },
    {
      name: 'jetstream-behind-its-door',
      severity: 'error',
      from: { path: '^lib/', pathNot: [room('drivers/jetstream'), room('jetstream'), room('cli')] },
      to: { path: room('drivers/jetstream') },
    },
    only('monitoring', { path: room('monitoring') }, [room('monitoring'), room('core')]),
    only('broker-stands-alone', { path: room('broker') }, [room('broker'), room('core/(option-rules|errors)')]),
    ...inBroker([
      ['strings', []],
      ['clock', ['errors']],
      ['errors', []],
      ['protocol', []],
      ['events', ['clock']],
      ['faults', ['clock', 'errors']],
      ['store', ['errors']],
      ['options', ['errors', 'store']],
      ['nats', ['clock', 'options', 'strings']],
      ['streaming/state', ['clock', 'options', 'protocol', 'store', 'strings']],
      [
        'streaming/flows',
        ['clock', 'errors', 'events', 'faults', 'nats', 'options', 'protocol', 'store', 'streaming/state', 'strings'],
      ],
      ['streaming', ['clock', 'errors', 'events', 'faults', 'nats', 'options', 'protocol', 'store', 'strings']],
      ['monitoring/view', ['nats', 'options', 'store', 'streaming']],
      ['monitoring/nats', ['monitoring/view', 'nats', 'options']],
      ['monitoring/streaming', ['monitoring/view', 'options', 'store', 'streaming']],
      ['monitoring', ['nats', 'options', 'store', 'streaming']],
    ]),
    only('cli-io', { path: room('cli/io') }, [room('cli/io'), room('core')]),
    only('cli-commands', { path: '^lib/cli/(asyncapi|dead-letters|server)/' }, ['^lib/cli/($1|io)/', '^lib/(?!cli/)']),
    only('testing', { path: room('testing') }, [room('testing'), room('broker'), room('nest'), room('core')]),
    {
      name: 'only-testing-and-cli-use-the-broker',
      severity: 'error',
      from: { path: '^lib/', pathNot: [room('broker'), room('testing'), room('cli')] },
      to: { path: room('broker') },
    },
    {
      name: 'core-knows-neither-nest-nor-a-client',
      severity: 'error',
      from: { path: room('core') },
      to: { path: 'node_modules/(@nestjs|node-nats-streaming|nats)/' },
    },
    {
      name: 'one-importer-of-node-nats-streaming',
      severity: 'error',
      from: { path: '^lib/', pathNot: room('drivers/stan') },
      to: { path: 'node_modules/(node-nats-streaming|nats)/' },
    },
    {
      name: 'sample-app-uses-the-public-doors',
      severity: 'error',
      from: { path: '^sample-app/' },
      to: {
        path: '^lib/',
        pathNot: [
          '^lib/index.ts',
          '^lib/asyncapi/index.ts',
          '^lib/broker/index.ts',
          '^lib/testing/index.ts',
          '^lib/stores/postgres/index.ts',
          '^lib/jetstream/index.ts',
          '^lib/telemetry/[^/]+/index.ts',
        ],
      },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['nestjs-stan:source', 'import', 'require', 'node', 'default', 'types'],
    },
  },
};

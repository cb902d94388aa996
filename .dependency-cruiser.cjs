/** The folders of lib/ and which way imports go (see CONTRIBUTING.md). */
const folder = (name) => `^lib/${name}/`;
/** Which everything in core may use; it imports nothing. */
const clock = '^lib/core/clock\\.ts$';
const only = (name, from, to, comment) => ({
  name,
  comment,
  severity: 'error',
  from,
  to: { path: '^lib/', pathNot: to },
});

/** Each folder of the broker with all that is in it, and the folders below it that it may import. */
const inBroker = (folders) =>
  folders.map(([name, below]) =>
    only(`broker/${name}`, { path: folder(`broker/${name}`) }, [
      folder(`broker/(${[name, ...below].join('|')})`),
      folder('core/(option-rules|errors)'),
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
      { path: folder('core/errors') },
      [folder('core/errors')],
      'core/errors is the ground floor',
    ),
    only('option-rules', { path: folder('core/option-rules') }, [folder('core/(option-rules|errors)')]),
    only('options-import-rules-and-errors', { path: folder('core/options') }, [
      // The port that the option `store` takes; it imports nothing.
      folder('core/(options|option-rules|errors|event-store)'),
    ]),
    only('wire-imports-options-and-errors', { path: folder('core/wire') }, [folder('core/(wire|options|errors)')]),
    only('contracts', { path: folder('core/contracts') }, [folder('core/(contracts|options|errors)')]),
    only('driver-port', { path: folder('core/driver') }, [folder('core/(driver|options|errors)')]),
    only('clock', { path: clock }, ['^$'], 'The clock imports nothing'),
    only('dead-letters', { path: folder('core/dead-letters') }, [
      folder('core/(dead-letters|publishing|driver|options|errors|wire)'),
    ]),
    only('delivery', { path: folder('core/delivery') }, [
      clock,
      folder('core/(delivery|dead-letters|driver|options|option-rules|errors|wire)'),
    ]),
    only('event-store-port', { path: folder('core/event-store') }, ['^$'], 'The port imports nothing'),
    only('inbox', { path: folder('core/inbox') }, [
      clock,
      folder('core/(inbox|event-store|delivery|dead-letters|driver|options|option-rules|errors|wire)'),
    ]),
    only('publishing', { path: folder('core/publishing') }, [
      clock,
      folder('core/(publishing|driver|options|errors|wire)'),
    ]),
    only('stores-import-core', { path: '^lib/stores/([^/]+)/' }, ['^lib/stores/$1/', folder('core')]),
    {
      name: 'stores-load-no-package-of-a-database',
      severity: 'error',
      from: { path: '^lib/stores/' },
      to: { path: 'node_modules/', pathNot: 'node_modules/(class-validator|@types/node)/' },
    },
    only('observe', { path: folder('core/observe') }, [
      clock,
      folder('core/(observe|delivery|publishing|driver|options|errors|wire)'),
      '^lib/core/inbox/counting-event\\.ts$',
    ]),
    only('drivers-import-core', { path: '^lib/drivers/([^/]+)/' }, ['^lib/drivers/$1/', folder('core')]),
    only('nest-imports-drivers-and-core', { path: folder('nest') }, [
      folder('nest'),
      folder('drivers'),
      folder('core'),
    ]),
    only('telemetry', { path: folder('telemetry') }, [
      folder('telemetry'),
      folder('core'),
      folder('nest'),
      folder('monitoring'),
    ]),
    {
      name: 'one-importer-of-opentelemetry',
      comment: 'An optional peer: only its own entry point may load it',
      severity: 'error',
      from: { path: '^lib/', pathNot: folder('telemetry/opentelemetry') },
      to: { path: 'node_modules/@opentelemetry/' },
    },
    {
      name: 'one-importer-of-prom-client',
      comment: 'An optional peer: only its own entry point may load it',
      severity: 'error',
      from: { path: '^lib/', pathNot: folder('telemetry/prometheus') },
      to: { path: 'node_modules/prom-client/' },
    },
    only('asyncapi', { path: folder('asyncapi') }, [folder('asyncapi'), folder('nest'), folder('core')]),
    only('jetstream-entry-point', { path: folder('jetstream') }, [
      folder('jetstream'),
      folder('drivers/jetstream'),
      folder('core'),
    ]),
    {
      name: 'one-importer-of-nats-io',
      comment: 'An optional peer: only the driver behind its own entry point may load it',
      severity: 'error',
      from: { path: '^lib/', pathNot: folder('drivers/jetstream') },
      to: { path: 'node_modules/@nats-io/' },
    },
    {
      name: 'jetstream-behind-its-entry-point',
      severity: 'error',
      from: { path: '^lib/', pathNot: [folder('drivers/jetstream'), folder('jetstream'), folder('cli')] },
      to: { path: folder('drivers/jetstream') },
    },
    only('monitoring', { path: folder('monitoring') }, [folder('monitoring'), folder('core')]),
    only('broker-stands-alone', { path: folder('broker') }, [folder('broker'), folder('core/(option-rules|errors)')]),
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
    only('cli-io', { path: folder('cli/io') }, [folder('cli/io'), folder('core')]),
    only('cli-commands', { path: '^lib/cli/(asyncapi|dead-letters|server)/' }, ['^lib/cli/($1|io)/', '^lib/(?!cli/)']),
    only('testing', { path: folder('testing') }, [folder('testing'), folder('broker'), folder('nest'), folder('core')]),
    {
      name: 'only-testing-and-cli-use-the-broker',
      severity: 'error',
      from: { path: '^lib/', pathNot: [folder('broker'), folder('testing'), folder('cli')] },
      to: { path: folder('broker') },
    },
    {
      name: 'core-knows-neither-nest-nor-a-client',
      severity: 'error',
      from: { path: folder('core') },
      to: { path: 'node_modules/(@nestjs|node-nats-streaming|nats)/' },
    },
    {
      name: 'one-importer-of-node-nats-streaming',
      severity: 'error',
      from: { path: '^lib/', pathNot: folder('drivers/stan') },
      to: { path: 'node_modules/(node-nats-streaming|nats)/' },
    },
    {
      name: 'sample-app-uses-the-entry-points',
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

/** The layer rules. Each vendor client stays in its one adapter folder; nobody imports a process. */
const only = (name, from, to, comment) => ({ name, severity: 'error', comment, from, to });
const vendor = (module, folder) =>
  only(
    `${module.replace(/[^a-z]/g, '-')}-in-its-adapter`,
    { path: '^(apps|libs|projections)/', pathNot: `^${folder}|\\.spec\\.ts$` },
    { path: `^node_modules/${module}/` },
    `${module} is spoken to in ${folder} only`,
  );

module.exports = {
  forbidden: [
    only('no-cycles', {}, { circular: true }, 'a cycle has no first file to read'),
    only(
      'domain-is-pure',
      { path: '^libs/domain/', pathNot: '\\.spec\\.ts$' },
      { pathNot: '^(libs/domain/|node_modules/zod/)' },
      'the domain imports zod and itself',
    ),
    only(
      'application-knows-the-domain-only',
      { path: '^libs/application/', pathNot: '\\.spec\\.ts$' },
      { path: '^(apps|projections|libs/(?!application/|domain/|ledger/))' },
      'adapters implement ports; the application does not know them. The ledger is computation alone, as the domain is',
    ),
    only(
      'event-store-node-stands-alone',
      { path: '^libs/(embedded-eventstore|ledger)/', pathNot: '\\.spec\\.ts$' },
      { path: '^(apps|projections|libs/(?!embedded-eventstore/|ledger/))' },
      'usable without the rest',
    ),
    only(
      'nobody-imports-processes',
      { path: '^(libs|projections)/', pathNot: '\\.spec\\.ts$' },
      { path: '^apps/' },
      'processes put parts together',
    ),
    only(
      'projections-are-independent',
      { path: '^projections/([^/]+)/', pathNot: '\\.spec\\.ts$' },
      { path: '^projections/([^/]+)/', pathNot: '^projections/$1/' },
      'a projection never imports another',
    ),
    vendor('@eventstore/db-client', 'libs/(eventstore|embedded-eventstore)/'),
    vendor('pg', 'libs/(readstore|platform/embedded-postgres)/'),
    vendor('ioredis', 'libs/access/'),
    vendor('nodemailer', 'libs/platform/mail/'),
    vendor('lmdb', 'libs/embedded-eventstore/'),
    vendor('prom-client', 'libs/platform/telemetry/'),
    vendor('@opentelemetry', 'libs/platform/telemetry/'),
    only(
      'event-store-node-is-started-in-two-places',
      {
        path: '^(apps|libs|projections)/',
        pathNot: '^libs/embedded-eventstore/(worker-thread|cli)\\.ts$|\\.spec\\.ts$',
      },
      { path: '^libs/embedded-eventstore/node\\.ts$', dependencyTypesNot: ['type-only'] },
      'a node in the thread of its clients is several times slower, and only tests may intercept its calls',
    ),
    only(
      'no-tests-in-the-product',
      { path: '^(apps|libs|projections)/', pathNot: '\\.spec\\.ts$' },
      { path: '^test/' },
      'the product does not need its tests',
    ),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      conditionNames: ['source', 'import', 'node', 'default'],
      exportsFields: ['exports'],
      extensions: ['.ts', '.js'],
    },
  },
};

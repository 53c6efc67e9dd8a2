/**
 * Native ESM (run with --experimental-vm-modules); `source` picks the TypeScript side of the subpath imports. Every spec
 * file loads its modules anew: --max-semi-space-size spares a sixth of the processor's time, which collecting that took.
 */
export default {
  testEnvironment: 'node',
  testEnvironmentOptions: { customExportConditions: ['source', 'node', 'node-addons'] },
  testMatch: ['<rootDir>/{apps,libs,projections,test}/**/*.spec.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  modulePathIgnorePatterns: ['<rootDir>/dist', '<rootDir>/data'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        // Not inside the code, where each spec file would read twice as much of it.
        sourceMaps: true,
        jsc: {
          target: 'es2023',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
        },
        module: { type: 'es6' },
      },
    ],
  },
  globalSetup: '<rootDir>/test/support/global-setup.mjs',
  globalTeardown: '<rootDir>/test/support/global-teardown.mjs',
  // Each spec file starts servers of its own: more of them at once would only wait for each other.
  maxWorkers: 2,
  workerIdleMemoryLimit: '1500MB',
  // Only for what hangs: a test of a few seconds takes many times that on a machine with other work.
  testTimeout: 60_000,
};

#!/usr/bin/env node
import { ensureBuilt } from '../build.mjs';

try {
  await ensureBuilt();
  const { main } = await import('../../dist/libs/embedded-eventstore/cli.js');
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

/**
 * Runs the project's TypeScript from source in a child process, with the transform of jest.config.mjs:
 *   node --conditions=source --import <this file> some-file.ts
 */
import { register } from 'node:module';
import { isMainThread } from 'node:worker_threads';

// Worker threads inherit the hooks of the main thread; registering twice would transform twice.
if (isMainThread) register('./run-ts-hooks.mjs', import.meta.url);

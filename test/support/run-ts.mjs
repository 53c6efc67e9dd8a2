/**
 * Runs the project's TypeScript from source in a child process, with the transform of jest.config.mjs:
 *   node --conditions=source --import <this file> some-file.ts
 * Worker threads register the hooks again: only newer versions of Node share them, and there a second registration is idle.
 */
import { register } from 'node:module';

register('./run-ts-hooks.mjs', import.meta.url);

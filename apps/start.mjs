// What `npm start` and `npm run demo` run: builds first where the sources are newer, then goes on in this process.
import { ensureBuilt } from './build.mjs';

await ensureBuilt();
await import(process.argv[2] === 'demo' ? '../dist/apps/standalone/demo.js' : '../dist/apps/standalone/main.js');

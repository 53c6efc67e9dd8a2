/** The command line of the node, from source. */
import { main } from '../../libs/embedded-eventstore/cli.js';

process.exitCode = await main(process.argv.slice(2));

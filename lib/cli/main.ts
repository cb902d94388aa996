#!/usr/bin/env node
import { processIo } from './cli-io.js';
import { runCli } from './run-cli.js';

// Not process.exit: what was printed may still be on its way into a pipe.
process.exitCode = await runCli(process.argv.slice(2), processIo);

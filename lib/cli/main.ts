#!/usr/bin/env node
import { processIo } from './io/cli-io.js';
import { runCli } from './run-cli.js';

// Who pipes into `head` has seen enough. Without a listener that ends the process with a stack.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

// Not process.exit: what was printed may still be on its way into a pipe.
process.exitCode = await runCli(process.argv.slice(2), processIo);

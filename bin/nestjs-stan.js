#!/usr/bin/env node
// Beside dist/, not in it: npm makes the file of a command executable when it installs, and a build makes dist/ anew.
import '../dist/lib/cli/main.js';

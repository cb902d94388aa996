import 'reflect-metadata';
import { ShopProcess } from './shop/shop-process.js';
import { readShopOptions, usage } from './shop/shop-options.js';
import { say } from './shop/terminal.js';

try {
  const options = readShopOptions();
  if (options) await new ShopProcess().run(options);
  else say(usage);
} catch (error) {
  console.error(`\n${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

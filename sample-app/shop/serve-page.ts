import { join } from 'node:path';
import { ValidationPipe } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { refuseForeignRequests } from '../service/refuse-foreign-requests.js';
import { PageModule } from './page.module.js';
import { projectFolder } from './project-folder.js';
import type { Shop } from './shop.js';

const host = '127.0.0.1';

/** Serves the page on loopback. Without `enableShutdownHooks()`: who started the shop stops this together with the rest. */
export async function servePage(shop: Shop, port: number): Promise<NestExpressApplication> {
  const app = await NestFactory.create<NestExpressApplication>(PageModule.register(shop), {
    logger: ['fatal', 'error', 'warn'],
    abortOnError: false,
    // Pages hold a stream open; closing would otherwise wait until the last one is gone.
    forceCloseConnections: true,
  });
  app.use(refuseForeignRequests(host));
  app.useGlobalPipes(new ValidationPipe({ transform: true, whitelist: true }));
  app.useStaticAssets(join(projectFolder(), 'sample-app', 'page'));
  await app.listen(port, host);
  return app;
}

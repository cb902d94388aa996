import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { Database } from './database.js';
import { migrate } from './migrate.js';

/** Gives a service its {@link Database}, with its tables made before anything asks for them. */
@Module({})
export class DatabaseModule {
  static register(url: string, tables: string): DynamicModule {
    const database = {
      provide: Database,
      useFactory: async () => {
        const opened = new Database(url);
        await migrate(opened, tables);
        return opened;
      },
    };
    return { module: DatabaseModule, global: true, providers: [database], exports: [database] };
  }
}

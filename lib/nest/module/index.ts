export { InjectStanClient, getStanClientToken } from './stan-client.token.js';
export type {
  StanModuleAsyncOptions,
  StanModuleExtras,
  StanModuleOptions,
  StanOptionsFactory,
} from './stan-module.definition.js';
export { StanModule } from './stan.module.js';

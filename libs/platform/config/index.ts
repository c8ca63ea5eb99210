export { loadSettings, SettingsError, exitOnSettingsError } from './load.js';
export {
  ALL_SETTINGS,
  AuthSettings,
  BrokerSettings,
  ClientSettings,
  DatabaseSettings,
  HttpSettings,
  type RedisEndpoint,
  RedisSettings,
  RuntimeSettings,
  StreamSettings,
  TransferSettings,
  WorkerSettings,
} from './schemas.js';
export { splitUrls } from './fields.js';
export { SettingsModule, unknownSettings, UnknownSettings } from './settings.module.js';

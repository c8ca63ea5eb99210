export { loadSettings, SettingsError, exitOnSettingsError } from './load.js';
export {
  ALL_SETTINGS,
  AuthSettings,
  BrokerSettings,
  ClientSettings,
  DatabaseSettings,
  HttpSettings,
  RedisSettings,
  RuntimeSettings,
  StreamSettings,
  TransferSettings,
  WorkerSettings,
} from './schemas.js';
export { SettingsModule, unknownSettings, UnknownSettings } from './settings.module.js';

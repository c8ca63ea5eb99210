export { loadSettings, SettingsError, exitOnSettingsError } from './load.js';
export {
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
export { ALL_SETTINGS, SettingsModule, unknownSettings, UnknownSettings } from './settings.module.js';

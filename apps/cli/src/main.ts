import { SettingsError } from '#platform/config';
import { ServiceError } from '#platform/services';

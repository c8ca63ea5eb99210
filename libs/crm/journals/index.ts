export { JournalsHttpModule, JournalsModule } from './journals.module.js';

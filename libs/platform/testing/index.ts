export { accessToken, TEST_SECRET, type TokenSubject } from './access-token.js';
export { Browser, Visit } from './browser.js';
export { type CapturedEvent, EventCaptor } from './event-captor.js';
export { FixedClock } from './fixed-clock.js';
export { type Override, startTestApplication, TestApplication } from './test-application.js';
export { createTestDatabase, TestDatabase } from './test-database.js';
export { testEnvironment, testServer, type TestServers } from './test-environment.js';
export { type Answer, type Method, TestUser } from './test-user.js';
export { until } from './until.js';

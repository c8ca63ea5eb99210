import { isMisconfigured } from './broker-errors.js';

const coded = (code: string, message = code) => Object.assign(new Error(message), { code });

describe('an error of connecting to RabbitMQ', () => {
  it.each([
    new Error('Handshake terminated by server: 403 (ACCESS-REFUSED) with message "ACCESS_REFUSED - Login was refused"'),
    new Error('Expected ConnectionOpenOk; got <ConnectionClose channel:0>'),
    coded('ENOTFOUND', 'getaddrinfo ENOTFOUND rabitmq'),
    coded('ERR_SSL_WRONG_VERSION_NUMBER'),
    coded('DEPTH_ZERO_SELF_SIGNED_CERT'),
  ])('is a wrong setting: $message', (error) => {
    expect(isMisconfigured(error)).toBe(true);
  });

  it.each([
    coded('ECONNREFUSED', 'connect ECONNREFUSED 127.0.0.1:5672'),
    coded('EAI_AGAIN'),
    coded('ETIMEDOUT'),
    new AggregateError([coded('ECONNREFUSED')]),
    new Error('Socket closed abruptly during opening handshake'),
    new Error('connect ETIMEDOUT'),
  ])('is temporary: $message', (error) => {
    expect(isMisconfigured(error)).toBe(false);
  });
});

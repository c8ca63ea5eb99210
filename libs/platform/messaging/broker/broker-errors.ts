/** RabbitMQ answers, and refuses the user, the password or the virtual host. */
const REFUSED = /ACCESS[-_]REFUSED|NOT[-_]ALLOWED|Expected ConnectionOpenOk/;
/** A host name that does not exist, and TLS that does not match: no waiting helps. */
const WRONG_URL = /^(?:ENOTFOUND|ERR_INVALID_URL|ERR_SSL_.+|ERR_TLS_.+|.*CERT.*|UNABLE_TO_VERIFY.+)$/;

/** Whether an error of connecting comes from a wrong URL or login; any other may be temporary. */
export function isMisconfigured(error: unknown): boolean {
  const { message, code } = error as NodeJS.ErrnoException;
  return REFUSED.test(message) || (typeof code === 'string' && WRONG_URL.test(code));
}

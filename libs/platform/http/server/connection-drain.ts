import type { FastifyInstance, FastifyReply } from 'fastify';

/**
 * Lets a closing server finish the requests it has accepted, then ends every connection. Event streams, which never
 * end by themselves, are not waited for; their clients resume elsewhere.
 * @param deadlineMs after which unfinished requests are cut off too, in milliseconds.
 */
export function installConnectionDrain(fastify: FastifyInstance, deadlineMs: number): void {
  const open = new Set<FastifyReply>();
  let isClosing = false;
  const closeWhenDone = (): void => {
    if (isClosing && [...open].every(isStream)) fastify.server.closeAllConnections();
  };
  fastify.addHook('onRequest', (_request, reply, done) => {
    open.add(reply);
    done();
  });
  fastify.addHook('onResponse', (_request, reply, done) => {
    open.delete(reply);
    // The last bytes are still on their way to the socket.
    if (isClosing) setImmediate(closeWhenDone);
    done();
  });
  fastify.addHook('preClose', (done) => {
    isClosing = true;
    // After this hook Fastify stops listening; connections closed before that would only come again.
    setImmediate(closeWhenDone);
    setTimeout(() => fastify.server.closeAllConnections(), deadlineMs).unref();
    done();
  });
}

/** A reply that its handler took over, or one that says what it is. */
function isStream(reply: FastifyReply): boolean {
  if (reply.sent) return !reply.raw.writableEnded;
  const type = reply.getHeader('content-type');
  return typeof type === 'string' && type.startsWith('text/event-stream');
}

import type { ServerResponse } from 'node:http';

/**
 * Calls `listener` once: when the response has ended, or when its connection is gone. A response queued behind another
 * one of the same connection (HTTP pipelining) has no socket yet and emits no `close`, so the socket of its request is
 * watched too.
 */
export function onResponseClose(response: ServerResponse, listener: () => void): void {
  const { socket } = response.req;
  const close = (): void => {
    response.off('close', close);
    socket.off('close', close);
    listener();
  };
  if (socket.closed) return close();
  response.once('close', close);
  socket.once('close', close);
}

import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

const listenersBySocket = new WeakMap<Socket, Set<() => void>>();

/**
 * Calls `listener` once, when the response has ended or its connection is closed. A response that waits for an earlier
 * one of its connection (HTTP pipelining) has no socket yet and emits no `close`, so the socket of its request is watched too.
 */
export function onResponseClose(response: ServerResponse, listener: () => void): void {
  const { socket } = response.req;
  const listeners = listenersOf(socket);
  const close = (): void => {
    response.off('close', close);
    if (listeners.delete(close)) listener();
  };
  listeners.add(close);
  response.once('close', close);
  if (socket.closed) close();
}

/** The listeners of one socket, which share one listener of its `close`: a connection may have many requests. */
function listenersOf(socket: Socket): Set<() => void> {
  const known = listenersBySocket.get(socket);
  if (known) return known;
  const listeners = new Set<() => void>();
  listenersBySocket.set(socket, listeners);
  socket.once('close', () => {
    for (const close of [...listeners]) close();
  });
  return listeners;
}

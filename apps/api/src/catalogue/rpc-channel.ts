import { jsonSchemaOf } from '#platform/http';
import { RPC_PATTERNS, RPC_QUEUE } from '../rpc/rpc-patterns.js';

const PATTERNS = Object.values(RPC_PATTERNS);
const BINDING_VERSION = '0.3.0';
const SERVERS = [{ $ref: '#/servers/rabbitmq' }];

/** The request queue of RPC, and the reply queue of the requesting service. */
export const RPC_CHANNELS = {
  rpc: {
    address: RPC_QUEUE,
    title: 'Questions of other services',
    description:
      'A request names its `pattern` and carries a token in `data`; the properties `reply_to` and `correlation_id` say ' +
      'where the answer goes. Unanswered requests expire.',
    servers: SERVERS,
    messages: Object.fromEntries(
      PATTERNS.map(({ pattern }) => [pattern, { $ref: `#/components/messages/${pattern}.request` }]),
    ),
    bindings: {
      amqp: {
        is: 'queue',
        queue: { name: RPC_QUEUE, durable: true, exclusive: false, autoDelete: false, vhost: '/' },
        bindingVersion: BINDING_VERSION,
      },
    },
  },
  'rpc.answers': {
    address: null,
    title: 'Answers to other services',
    description: 'The queue that `reply_to` of the request names: one that the broker named.',
    servers: SERVERS,
    messages: Object.fromEntries(
      PATTERNS.map(({ pattern }) => [pattern, { $ref: `#/components/messages/${pattern}.answer` }]),
    ),
  },
};

export const RPC_OPERATIONS = Object.fromEntries(
  PATTERNS.map(({ pattern, summary }) => [
    `answer.${pattern}`,
    {
      action: 'receive',
      summary,
      channel: { $ref: '#/channels/rpc' },
      messages: [{ $ref: `#/channels/rpc/messages/${pattern}` }],
      reply: {
        channel: { $ref: '#/channels/rpc.answers' },
        messages: [{ $ref: `#/channels/rpc.answers/messages/${pattern}` }],
      },
    },
  ]),
);

/** A request and an answer of each pattern. */
export const RPC_MESSAGES = Object.fromEntries(
  PATTERNS.flatMap(({ pattern, summary, request, response }) => [
    [
      `${pattern}.request`,
      messageOf(`${pattern}.request`, summary, {
        type: 'object',
        properties: { pattern: { const: pattern }, data: jsonSchemaOf(request), id: { type: 'string' } },
        required: ['pattern', 'data'],
      }),
    ],
    [
      `${pattern}.answer`,
      messageOf(`${pattern}.answer`, `Answer: ${summary}, or \`err\` with a code.`, {
        type: 'object',
        properties: {
          response: jsonSchemaOf(response),
          err: {
            type: 'object',
            properties: {
              code: { type: 'string' },
              status: { type: 'integer' },
              detail: { type: 'string' },
              trace_id: { type: ['string', 'null'] },
            },
            required: ['code', 'status', 'detail'],
          },
          isDisposed: { const: true },
        },
      }),
    ],
  ]),
);

function messageOf(name: string, title: string, payload: object): object {
  return { name, title, contentType: 'application/json', payload };
}

import { applyDecorators } from '@nestjs/common';
import { ApiResponse } from '@nestjs/swagger';
import { PROBLEM_TYPE } from '../problems/problem.js';
import { titleOf } from '../problems/refusal.js';

/** Codes by status: `{ 404: ['deal_not_found'], 409: ['deal_closed'] }`. */
export type ProblemCodes = Readonly<Record<number, readonly string[]>>;

/** Documents the problems of a route beside those that every route has. */
export function Problems(codes: ProblemCodes): MethodDecorator & ClassDecorator {
  const responses = Object.entries(codes).map(([status, names]) =>
    ApiResponse({ status: Number(status), ...problemResponse(Number(status), names) }),
  );
  return applyDecorators(...responses);
}

/** An OpenAPI response that names its codes and shows each. */
export function problemResponse(status: number, codes: readonly string[]) {
  const examples = Object.fromEntries(codes.map((code) => [code, { value: exampleOf(status, code) }]));
  return {
    description: codes.map((code) => `\`${code}\``).join(', '),
    content: { [PROBLEM_TYPE]: { schema: { $ref: '#/components/schemas/Problem' }, examples } },
  };
}

function exampleOf(status: number, code: string): object {
  const faults = code === 'validation_failed' ? { errors: [EXAMPLE_FAULT] } : {};
  return {
    type: `/problems/${code}`,
    title: titleOf(code),
    status,
    detail: `${titleOf(code)}.`,
    code,
    ...REST,
    ...faults,
  };
}

const REST = { instance: '/api/v1/…', trace_id: '4bf92f3577b34da6a3ce929d0e0e4736' };
const EXAMPLE_FAULT = { pointer: '/title', code: 'required', detail: 'must be given' };

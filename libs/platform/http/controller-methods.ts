import type { Type } from '@nestjs/common';
import { MetadataScanner, ModulesContainer } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';

/** What answers the requests of a route. */
export type Handler = (this: unknown, ...parameters: unknown[]) => unknown;

/** A method of a controller, which may have inherited it. */
export interface ControllerMethod {
  readonly controller: Type;
  /** NestJS calls the methods that this has when it makes the routes. */
  readonly instance: Record<string, Handler>;
  readonly name: string;
  readonly handler: Handler;
}

/** Every method of every controller of an application. */
export function* controllerMethods(app: NestFastifyApplication): Generator<ControllerMethod> {
  const scanner = new MetadataScanner();
  for (const module of app.get(ModulesContainer).values()) {
    for (const { metatype, instance } of module.controllers.values()) {
      const controller = metatype as Type<object>;
      const prototype = controller.prototype as ControllerMethod['instance'];
      const methods = { controller, instance: instance as ControllerMethod['instance'] };
      for (const name of scanner.getAllMethodNames(prototype)) yield { ...methods, name, handler: prototype[name]! };
    }
  }
}

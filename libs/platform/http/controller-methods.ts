import type { Type } from '@nestjs/common';
import { MetadataScanner, ModulesContainer } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';

/** A method of a controller, which may have inherited it. */
export interface ControllerMethod {
  readonly controller: Type;
  readonly name: string;
  readonly handler: object;
}

/** Every method of every controller of an application. */
export function* controllerMethods(app: NestFastifyApplication): Generator<ControllerMethod> {
  const scanner = new MetadataScanner();
  for (const module of app.get(ModulesContainer).values()) {
    for (const { metatype } of module.controllers.values()) {
      const controller = metatype as Type<object>;
      const prototype = controller.prototype as Record<string, object>;
      for (const name of scanner.getAllMethodNames(prototype)) yield { controller, name, handler: prototype[name]! };
    }
  }
}

import type { InjectionToken } from '@nestjs/common';
import type { TestingModuleBuilder } from '@nestjs/testing';

/** What stands in a provider's place. */
export interface Override {
  readonly provide: InjectionToken;
  readonly useValue: unknown;
}

export function overriding(builder: TestingModuleBuilder, overrides: readonly Override[]): TestingModuleBuilder {
  for (const { provide, useValue } of overrides) builder.overrideProvider(provide).useValue(useValue);
  return builder;
}

import type { Field } from './fields.js';

export type Fields = Readonly<Record<string, Field<unknown>>>;

type Values<F extends Fields> = { readonly [K in keyof F]: F[K] extends Field<infer T> ? T : never };

/** A class of settings: its instances contain the values, the class itself the fields they are read from. */
export interface SettingsClass<T = object> {
  readonly fields: Fields;
  new (values: Record<string, unknown>): T;
}

/** Base for one concern's settings: `class X extends Settings({ port: integer('CRM_PORT', …) }) {}`. */
export function Settings<F extends Fields>(
  fields: F,
): { readonly fields: Fields; new (values: Record<string, unknown>): Values<F> } {
  class Concern {
    static readonly fields: Fields = fields;

    constructor(values: Record<string, unknown>) {
      Object.assign(this, values);
    }
  }
  return Concern as never;
}

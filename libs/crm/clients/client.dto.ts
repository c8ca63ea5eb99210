import { ValidateBy } from 'class-validator';
import { ApiProperty, IntersectionType } from '@nestjs/swagger';
import {
  BooleanField,
  ChangeRanges,
  EmailField,
  EnumField,
  Field,
  type FieldOptions,
  IntegerField,
  ListQuery,
  ObjectField,
  PhoneField,
  SortField,
  TextField,
  TransformText,
  UuidField,
} from '#platform/http';
import type { Instant } from '#platform/kernel';
import type { ClientFacts } from './client.entity.js';
import {
  CLIENT_KINDS,
  CLIENT_STATUSES,
  type ClientKind,
  type ClientStatus,
  type ClientView,
  type MovedByMerge,
} from './contracts.js';
import { isTaxIdShaped, normalizedTaxId, TAX_ID_PATTERN } from './contacts/tax-id.js';
import { CLIENT_LIST } from './queries/list-clients.query.js';

const NAME = { min: 1, max: 255, example: 'Иванова Мария Петровна' } as const;
const TAX_ID = {
  description:
    'ИНН (10 digits of a company, 12 of a person) with right control digits, or the tax id of another country.',
  example: '7707083893',
} as const;
const OWNER = 'The seller; null: not yet given to one.';

/** Body of POST /clients. */
export class AddClientDto {
  @TextField(NAME)
  name!: string;

  @EnumField(CLIENT_KINDS, { optional: true, description: '`person` unless given.' })
  kind?: ClientKind;

  @EmailField({ optional: true, nullable: true })
  email?: string | null;

  @PhoneField({ optional: true, nullable: true })
  phone?: string | null;

  @TaxIdField({ optional: true, nullable: true })
  tax_id?: string | null;

  @EnumField(CLIENT_STATUSES, { optional: true, description: '`active` unless given.' })
  status?: ClientStatus;

  @UuidField({
    optional: true,
    nullable: true,
    description: 'The seller; the caller unless a lead or admin says otherwise.',
  })
  owner_id?: string | null;
}

/** Query of POST /clients. */
export class AddClientQuery {
  @BooleanField({ optional: true, description: 'Add it although one with the same e-mail, phone or tax id is known.' })
  allow_duplicate: boolean = false;
}

/** Body of PATCH /clients/{id}: what is absent stays. */
export class ReviseClientDto {
  @TextField({ ...NAME, optional: true })
  name?: string;

  @EnumField(CLIENT_KINDS, { optional: true })
  kind?: ClientKind;

  @EmailField({ optional: true, nullable: true })
  email?: string | null;

  @PhoneField({ optional: true, nullable: true })
  phone?: string | null;

  @TaxIdField({ optional: true, nullable: true })
  tax_id?: string | null;

  @EnumField(CLIENT_STATUSES, { optional: true })
  status?: ClientStatus;

  @UuidField({ optional: true, nullable: true, description: `${OWNER} Leads and admins.` })
  owner_id?: string | null;

  @BooleanField({ optional: true, description: 'true deletes the client, as DELETE does.' })
  is_deleted?: boolean;
}

/** Body of POST /clients/{id}/merge. */
export class MergeClientDto {
  @UuidField({ description: 'The client that stays.' })
  into_id!: string;

  @BooleanField({ optional: true, description: 'true only counts the visible rows that would move.' })
  dry_run?: boolean;
}

/** Filters of a list of clients. */
export class ListClientsDto extends IntersectionType(ListQuery, ChangeRanges) {
  @SortField(CLIENT_LIST)
  sort?: string;

  @TextField({ max: 255, optional: true, description: 'Part of name, e-mail, phone (however written) or tax id.' })
  search?: string;

  @UuidField({ optional: true })
  owner_id?: string;

  @EnumField(CLIENT_STATUSES, { each: true, optional: true, description: 'Any of them.' })
  status?: ClientStatus[];

  @EnumField(CLIENT_KINDS, { each: true, optional: true, description: 'Any of them.' })
  kind?: ClientKind[];
}

/** A client. */
export class ClientResource implements ClientView {
  @UuidField()
  readonly id!: string;

  @TextField(NAME)
  readonly name!: string;

  @EnumField(CLIENT_KINDS)
  readonly kind!: ClientKind;

  @EmailField({ nullable: true })
  readonly email!: string | null;

  @PhoneField({ nullable: true })
  readonly phone!: string | null;

  @TaxIdField({ nullable: true })
  readonly tax_id!: string | null;

  @EnumField(CLIENT_STATUSES)
  readonly status!: ClientStatus;

  @UuidField({ nullable: true, description: OWNER })
  readonly owner_id!: string | null;

  @UuidField({ nullable: true, description: 'The client that took its place.' })
  readonly merged_into_id!: string | null;

  @IntegerField({ min: 1, max: 2_147_483_647, example: 3 })
  readonly version!: number;

  @BooleanField()
  readonly is_deleted!: boolean;

  @ApiProperty({ type: 'string', format: 'date-time', example: '2026-11-23T09:30:00.000Z' })
  readonly created_at!: Instant;

  @ApiProperty({ type: 'string', format: 'date-time', example: '2026-11-23T09:30:00.000Z' })
  readonly updated_at!: Instant;
}

const COUNT = { min: 0, max: 2_147_483_647, example: 2 } as const;

export class MovedByMergeResource implements MovedByMerge {
  @IntegerField(COUNT)
  readonly deals!: number;

  @IntegerField(COUNT)
  readonly policies!: number;

  @IntegerField({ ...COUNT, description: 'Links that the client did not have yet.' })
  readonly documents!: number;
}

/** Result of a merge. In a dry run `moved` is a forecast, and `survivor` is unchanged. */
export class MergeResource {
  @BooleanField()
  readonly dry_run!: boolean;

  @ObjectField(() => MovedByMergeResource)
  readonly moved!: MovedByMerge;

  @ObjectField(() => ClientResource, { description: 'The client that stays.' })
  readonly client!: ClientView;
}

/** What a body says of a client, in the domain's words; absent stays undefined. */
export function clientFacts<T extends AddClientDto | ReviseClientDto>(body: T) {
  const { name, kind, email, phone, status } = body;
  return { name, kind, email, phone, status, taxId: body.tax_id, ownerId: body.owner_id } as Partial<ClientFacts> &
    Pick<T, 'name'>;
}

/** A tax id without separators; its control digits are checked by the client itself. */
function TaxIdField(options: FieldOptions): PropertyDecorator {
  return Field(
    { type: 'string', maxLength: 32, pattern: TAX_ID_PATTERN },
    { ...TAX_ID, ...options },
    TransformText(normalizedTaxId),
    ValidateBy(
      { name: 'isTaxId', validator: { validate: (value) => typeof value === 'string' && isTaxIdShaped(value) } },
      {
        message: 'must be an ИНН of 10 or 12 digits, or up to 32 letters and digits of another tax id',
        context: { code: 'not_a_tax_id' },
      },
    ),
  );
}

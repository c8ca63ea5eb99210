import { UuidField } from '#platform/http';
import { AddClientDto } from '../client.dto.js';

/** A row of a file of clients: what POST /clients takes. */
export class ClientRowDto extends AddClientDto {
  @UuidField({ optional: true })
  id?: string;
}

import { EnumField, TextField, UuidField } from '#platform/http';
import { type Stage, STAGES } from '../contracts.js';
import { OpenDealDto } from '../deal.dto.js';

/** A row of a file of deals: what POST /deals takes, and where the deal stands already. */
export class DealRowDto extends OpenDealDto {
  @UuidField({ optional: true })
  id?: string;

  @EnumField(STAGES, { optional: true })
  stage?: Stage;

  @TextField({ min: 1, max: 500, optional: true })
  lost_reason?: string;
}

import { Transform, Type } from 'class-transformer';
import {
  IsArray,
  IsDateString,
  IsIn,
  IsInt,
  IsOptional,
  IsString,
  IsUUID,
  Length,
  Matches,
  Max,
  Min,
} from 'class-validator';

const STAGES = ['qualification', 'negotiation', 'proposal', 'closedWon', 'closedLost'];

export class ListDealsDto {
  @Transform(({ value }) => [value as string | string[]].flat())
  @IsArray()
  @IsIn(STAGES, { each: true })
  stage!: string[];

  @IsIn(['7d', '30d', '90d'])
  period!: string;

  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(200)
  limit = 50;
}

export class CreateDealDto {
  @IsUUID()
  client_id!: string;

  @IsString()
  @Length(1, 255)
  title!: string;

  @IsOptional()
  @IsString()
  @Length(0, 5_000)
  description?: string | null;

  @IsDateString()
  next_review_at!: string;

  @IsOptional()
  @IsUUID()
  executor_id?: string | null;
}

export class AddIncomeDto {
  @Matches(/^\d{1,12}\.\d{2}$/)
  amount!: string;

  @IsString()
  @Length(1, 64)
  category!: string;

  @IsDateString()
  posted_at!: string;

  @IsOptional()
  @IsString()
  @Length(0, 300)
  note?: string | null;
}

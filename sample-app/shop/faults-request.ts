import { IsBoolean, IsInt, IsOptional, Max, Min } from 'class-validator';

/** Body of `PATCH /api/instances/:name/faults`; what it does not name stays as it is. */
export class FaultsRequest {
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(20_000)
  readonly slowMs?: number;

  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(100)
  readonly failNext?: number;

  @IsOptional()
  @IsBoolean()
  readonly twice?: boolean;
}

import { IsInt, IsNumber, IsOptional, IsString, IsUUID, Length, Min } from 'class-validator';

/** Body of `POST /tickets`. */
export class CreateTicket {
  /** Chosen by the caller who wants to repeat the request safely: the same id makes one ticket. */
  @IsOptional()
  @IsUUID()
  readonly id?: string;

  @IsString()
  @Length(1, 80)
  readonly title!: string;

  @IsNumber({ maxDecimalPlaces: 2 })
  @Min(0)
  readonly price!: number;
}

/** Body of `PATCH /tickets/:id`. */
export class RepriceTicket {
  @IsNumber({ maxDecimalPlaces: 2 })
  @Min(0)
  readonly price!: number;

  /** The version that the caller has seen: the request fails when somebody has changed the ticket since. */
  @IsOptional()
  @IsInt()
  @Min(0)
  readonly version?: number;
}

import { IsInt, IsUUID, Min } from 'class-validator';

/** What every event says: which ticket or order it is about, and the how-manieth state of it this is, from 0. */
export class VersionedEvent {
  @IsUUID()
  readonly id!: string;

  @IsInt()
  @Min(0)
  readonly version!: number;
}

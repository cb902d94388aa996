/** Where the parts of the store put their rows when a batch is made. @internal */
export interface RowWriter {
  put(key: Buffer, row: Buffer): void;
  remove(key: Buffer): void;
}

/** Something with writes that the next batch has to take along. @internal */
export interface DirtyPart {
  /** Hands over every write since the last call. What it has handed over counts as written. */
  writeTo(writer: RowWriter): void;
}

/** Told that a part has something to write. @internal */
export type MarkDirty = (part: DirtyPart) => void;

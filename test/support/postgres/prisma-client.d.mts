export interface PrismaTransaction {
  $queryRawUnsafe(text: string, ...values: unknown[]): Promise<unknown>;
  $executeRawUnsafe(text: string, ...values: unknown[]): Promise<number>;
}

/** `PrismaClient`, as an app without models has it. */
export interface Prisma {
  $transaction<T>(
    work: (tx: PrismaTransaction) => Promise<T>,
    options?: { isolationLevel?: 'ReadCommitted'; timeout?: number; maxWait?: number },
  ): Promise<T>;
  $disconnect(): Promise<void>;
}

/** A real Prisma client; disconnecting it is the caller's. */
export function prismaOn(connectionString: string): Prisma;

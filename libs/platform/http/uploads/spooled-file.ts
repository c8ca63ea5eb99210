import { createHash } from 'node:crypto';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { DomainError, newId } from '#platform/kernel';

const READ_BYTES = 65_536;

/** Where uploaded files are stored, and how large one may be. */
export interface Spool {
  readonly folder: string;
  readonly limitBytes: number;
}

/** An uploaded file on the disk. It has no name there, so it is deleted with {@link close} or with the process. */
export class SpooledFile {
  private constructor(
    private readonly handle: FileHandle,
    /** SHA-256 of its bytes. */
    readonly digest: Buffer,
  ) {}

  /**
   * Writes `source` to a file in the spool's folder.
   * @throws DomainError 413 `file_too_large`, and whatever `source` throws.
   */
  static async from(source: AsyncIterable<Uint8Array>, { folder, limitBytes }: Spool): Promise<SpooledFile> {
    const handle = await openUnnamed(folder);
    try {
      const hash = createHash('sha256');
      let size = 0;
      for await (const bytes of source) {
        size += bytes.length;
        if (size > limitBytes) throw fileTooLarge(limitBytes);
        hash.update(bytes);
        await handle.writeFile(bytes);
      }
      return new SpooledFile(handle, hash.digest());
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** The content from its beginning; may be read several times until {@link close}. */
  async *bytes(): AsyncGenerator<Uint8Array> {
    for (let position = 0; ;) {
      const { buffer, bytesRead } = await this.handle.read(Buffer.allocUnsafe(READ_BYTES), 0, READ_BYTES, position);
      if (bytesRead === 0) return;
      position += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  }

  close(): Promise<void> {
    return this.handle.close();
  }
}

async function openUnnamed(folder: string): Promise<FileHandle> {
  const path = join(folder, `crm-upload-${newId()}`);
  const handle = await open(path, 'wx+', 0o600);
  await unlink(path);
  return handle;
}

function fileTooLarge(limitBytes: number): DomainError {
  return new DomainError('too_large', 'file_too_large', `A file may have ${limitBytes} bytes. Split it.`);
}

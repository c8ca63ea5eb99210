import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The texts that requests write, with their greatest length: characters that have no composed form get longer. */
const TEXTS: readonly (readonly [table: string, column: string, max: number])[] = [
  ['clients', 'name', 255],
  ['clients', 'email', 254],
  ['clients', 'email_key', 254],
  ['deals', 'title', 255],
  ['deals', 'description', 5_000],
  ['deals', 'lost_reason', 500],
  ['quotes', 'insurance_company', 255],
  ['quotes', 'program_name', 255],
  ['quotes', 'comments', 2_000],
  ['policies', 'insurance_company', 255],
  ['policies', 'policy_number', 64],
  ['document_links', 'title', 255],
  ['payments', 'comment', 500],
  ['payment_incomes', 'category', 64],
  ['payment_incomes', 'note', 300],
  ['payment_expenses', 'category', 64],
  ['payment_expenses', 'note', 300],
];

/**
 * Brings stored texts into Unicode's normalisation form C, in which requests and searches come. The journal is
 * append-only and its hashes are of the texts as written, so it stays. The keys of policies are of form KC already.
 */
export class ComposedTexts1764000023900 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const [table, column, max] of TEXTS) {
      await runner.query(`
        UPDATE crm.${table} SET ${column} = normalize(${column}, NFC)
         WHERE ${column} IS NOT NFC NORMALIZED AND char_length(normalize(${column}, NFC)) <= ${max}`);
    }
  }

  down(): Promise<void> {
    return Promise.reject(new Error('migrations go forward only'));
  }
}

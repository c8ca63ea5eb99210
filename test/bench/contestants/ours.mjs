/** The service as it is started in production, every feature on. */
export const OURS = 'this service';

export async function ours(environment, book, name = OURS) {
  const program = await environment.api(book);
  await program.start();
  return { name, program, hasCursors: true };
}

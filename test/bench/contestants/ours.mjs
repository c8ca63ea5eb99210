/** The service as it is started in production, every feature on. */
export async function ours(environment, book) {
  const program = await environment.api(book);
  await program.start();
  return { name: 'this service', program };
}

/** The queue that takes the messages a subscriber could not handle. */
export function deadQueueOf(queue: string): string {
  return `${queue}.dead`;
}

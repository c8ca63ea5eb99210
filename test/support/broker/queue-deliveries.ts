import type { Channel } from 'amqplib';

interface Envelope {
  readonly id: string;
  readonly subject: string;
  readonly streamversion: number;
}

/** The deliveries of a queue, acknowledged as they come. */
export class QueueDeliveries {
  readonly events: Envelope[] = [];

  static async of(channel: Channel, queue: string): Promise<QueueDeliveries> {
    const deliveries = new QueueDeliveries();
    await channel.consume(queue, (message) => {
      if (!message) return;
      deliveries.events.push(JSON.parse(message.content.toString()) as Envelope);
      channel.ack(message);
    });
    return deliveries;
  }

  get ids(): ReadonlySet<string> {
    return new Set(this.events.map(({ id }) => id));
  }

  /** First deliveries that do not follow the one before in their stream. */
  get outOfOrder(): Envelope[] {
    const versions = new Map<string, number>();
    const seen = new Set<string>();
    return this.events.filter(({ id, subject, streamversion }) => {
      if (seen.has(id)) return false;
      seen.add(id);
      const expected = (versions.get(subject) ?? 0) + 1;
      versions.set(subject, streamversion);
      return streamversion !== expected;
    });
  }
}

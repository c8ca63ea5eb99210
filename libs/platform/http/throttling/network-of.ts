import { isIPv6 } from 'node:net';

const IPV4_MAPPED = /^::ffff:(?<high>[0-9a-f]+):(?<low>[0-9a-f]+)$/;
const GROUPS = 8;
/** A /64: providers assign at least that to a customer. */
const NETWORK_GROUPS = 4;

/** Network of a client. IPv4: the address. IPv6: the /64, because a client can use any address in it. */
export function networkOf(address: string): string {
  const bare = address.split('%')[0]!;
  if (!isIPv6(bare)) return bare;
  // In the shortest form, with IPv4 parts in hexadecimal.
  const text = new URL(`http://[${bare}]`).hostname.slice(1, -1);
  if (text === '::1') return text;
  const mapped = IPV4_MAPPED.exec(text)?.groups;
  if (mapped) return ipv4Of(mapped.high!, mapped.low!);
  return `${groupsOf(text).slice(0, NETWORK_GROUPS).join(':')}::/64`;
}

function groupsOf(text: string): string[] {
  const [left, right] = text.split('::').map((side) => (side === '' ? [] : side.split(':')));
  const missing = right ? GROUPS - left!.length - right.length : 0;
  return [...left!, ...Array<string>(missing).fill('0'), ...(right ?? [])];
}

function ipv4Of(high: string, low: string): string {
  return [high, low]
    .map((group) => parseInt(group, 16))
    .flatMap((value) => [value >> 8, value & 0xff])
    .join('.');
}

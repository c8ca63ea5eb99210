import { BlockList, isIP } from 'node:net';

/** Reverse proxies whose `X-Forwarded-*` headers are trusted; none before {@link TrustedProxies.add}. */
export class TrustedProxies {
  private readonly addresses = new BlockList();

  /** @param networks IP addresses and networks, such as `10.0.0.0/8`. */
  add(networks: readonly string[]): void {
    for (const network of networks) {
      const [address = '', prefix] = network.split('/');
      const family = familyOf(address);
      if (prefix === undefined) this.addresses.addAddress(address, family);
      else this.addresses.addSubnet(address, Number(prefix), family);
    }
  }

  readonly includes = (address: string): boolean =>
    isIP(address) !== 0 && this.addresses.check(address, familyOf(address));
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 4 ? 'ipv4' : 'ipv6';
}

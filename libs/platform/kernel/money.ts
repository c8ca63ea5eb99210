const AMOUNT = /^(-?)(\d{1,12})(?:\.(\d{1,2}))?$/;

/** An exact amount of one currency, counted in hundredths; never a float, never added to another currency. */
export class Money {
  private constructor(
    /** Hundredths of the currency's unit. */
    private readonly hundredths: bigint,
    /** ISO 4217, upper case. */
    readonly currency: string,
  ) {}

  /**
   * @param amount decimal text with at most two decimals and twelve digits before them.
   * @throws RangeError for anything else: 1.005, 1e3 and NaN are no amounts.
   */
  static of(amount: string, currency: string): Money {
    const match = AMOUNT.exec(amount);
    if (!match) throw new RangeError('not an amount of money');
    const [, sign, units, decimals = ''] = match;
    const hundredths = BigInt(units! + decimals.padEnd(2, '0'));
    return new Money(sign ? -hundredths : hundredths, currency.trim().toUpperCase());
  }

  /** Decimal text with two digits. */
  get amount(): string {
    const digits = (this.hundredths < 0n ? -this.hundredths : this.hundredths).toString().padStart(3, '0');
    return `${this.hundredths < 0n ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`;
  }

  /** @throws RangeError for another currency. */
  plus(other: Money): Money {
    this.requireSameCurrency(other);
    return new Money(this.hundredths + other.hundredths, this.currency);
  }

  /** @throws RangeError for another currency. */
  minus(other: Money): Money {
    this.requireSameCurrency(other);
    return new Money(this.hundredths - other.hundredths, this.currency);
  }

  /** -1, 0 or 1. @throws RangeError for another currency. */
  compare(other: Money): -1 | 0 | 1 {
    this.requireSameCurrency(other);
    if (this.hundredths === other.hundredths) return 0;
    return this.hundredths < other.hundredths ? -1 : 1;
  }

  /**
   * Parts that differ by a hundredth at most and add up to the whole exactly: the larger ones first.
   * @param parts at least one.
   */
  split(parts: number): Money[] {
    const count = BigInt(parts);
    const share = this.hundredths / count;
    const larger = Number(this.hundredths % count);
    return Array.from({ length: parts }, (_, index) => new Money(share + (index < larger ? 1n : 0n), this.currency));
  }

  private requireSameCurrency(other: Money): void {
    if (other.currency !== this.currency) throw new RangeError(`${other.currency} is not ${this.currency}`);
  }
}

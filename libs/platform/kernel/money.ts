import { DomainError } from './domain-error.js';

/** ISO 4217: currencies without a minor unit. */
export const WHOLE_CURRENCIES: readonly string[] =
  'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF'.split(' ');
/** ISO 4217: currencies with three or four decimals, which two cannot represent. */
export const FINER_CURRENCIES: readonly string[] = 'BHD IQD JOD KWD LYD OMR TND CLF UYW'.split(' ');
const HUNDREDTHS = 100n;
const AMOUNT = /^(-?)(\d{1,12})(?:\.(\d{1,2}))?$/;
const TOO_PRECISE = /^\d{1,12}\.\d{3,}$/;

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

  /**
   * Creates an amount from input. The currency is checked first: no amount of an unsupported one can be right.
   * {@link of} reads stored amounts unchecked.
   * @param field name of the amount in the request.
   * @throws DomainError `currency_not_supported`, `amount_precision`.
   */
  static given(amount: string, currency: string, field: string): Money {
    const code = currency.trim().toUpperCase();
    if (FINER_CURRENCIES.includes(code)) {
      throw refused('currency', 'currency_not_supported', `${code} has more than two decimals: it is not supported.`);
    }
    return Money.corrected(amount, code, field);
  }

  /**
   * Creates an amount from input in the currency of a stored row, which may have been stored before its currency was
   * refused.
   * @param field name of the amount in the request.
   * @throws DomainError `amount_precision`.
   */
  static corrected(amount: string, currency: string, field: string): Money {
    if (TOO_PRECISE.test(amount)) {
      throw refused(field, 'amount_precision', 'An amount has two decimals at the most.');
    }
    const money = Money.of(amount, currency);
    if (money.hundredths % money.unit !== 0n) {
      throw refused(field, 'amount_precision', `${money.currency} has no decimals.`);
    }
    return money;
  }

  /** The text as it is stored, with two decimals. A text with more stays as it is, which equals no stored one. */
  static normalised(amount: string): string {
    return TOO_PRECISE.test(amount) ? amount : Money.of(amount, '').amount;
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
   * Parts that differ by the currency's smallest unit at most and add up to the whole exactly: the larger ones first.
   * @param parts at least one.
   * @throws RangeError for an amount that is no multiple of the smallest unit.
   */
  split(parts: number): Money[] {
    const { unit, currency } = this;
    if (this.hundredths % unit !== 0n) throw new RangeError(`${currency} has no decimals`);
    const count = BigInt(parts);
    const units = this.hundredths / unit;
    const share = units / count;
    const larger = Number(units % count);
    const partOf = (index: number): Money => new Money((share + (index < larger ? 1n : 0n)) * unit, currency);
    return Array.from({ length: parts }, (_, index) => partOf(index));
  }

  /** Hundredths of the currency's smallest unit. */
  private get unit(): bigint {
    return WHOLE_CURRENCIES.includes(this.currency) ? HUNDREDTHS : 1n;
  }

  private requireSameCurrency(other: Money): void {
    if (other.currency !== this.currency) throw new RangeError(`${other.currency} is not ${this.currency}`);
  }
}

/** The refusal of one field of a request, named by its pointer. */
function refused(field: string, code: string, detail: string): DomainError {
  return new DomainError('unprocessable', code, detail, { errors: [{ pointer: `/${field}`, code, detail }] });
}

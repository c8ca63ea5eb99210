/** An e-mail address as it is compared: without outer space, in lower case. */
export function emailKey(email: string | null): string | null {
  return email?.trim().toLowerCase() || null;
}

/** A phone number as it is compared: digits only, the Russian trunk prefix 8 written as 7. */
export function phoneKey(phone: string | null): string | null {
  const digits = phone?.replace(/\D/g, '') ?? '';
  return (digits.length === 11 && digits.startsWith('8') ? `7${digits.slice(1)}` : digits) || null;
}

const PHONE_LIKE = /^[\d\s()+.-]{4,}$/;

/** What to look for in the keys when someone types `text`: a phone number is found however it is written. */
export function searchKey(text: string): string {
  return (PHONE_LIKE.test(text) && phoneKey(text)) || text;
}

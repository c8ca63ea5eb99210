/** The Bull queue of review reminders. */
export const DEAL_REVIEWS = 'deal-reviews';

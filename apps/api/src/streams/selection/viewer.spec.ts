import type { Role } from '#platform/kernel';
import { isVisible, viewerOf } from './viewer.js';

describe('the viewer of a stream', () => {
  const progress = { type: 'import.progress', audience: [] };
  const sees = (...roles: Role[]) => isVisible(progress, viewerOf({ userId: 'user', roles: new Set(roles) }));

  it('sees the progress of imports if it is an admin, whatever else it sees', () => {
    expect(sees('admin')).toBe(true);
    for (const role of ['seller', 'executor', 'finance', 'lead', 'service'] as const) expect(sees(role)).toBe(false);
    expect(sees('lead', 'admin')).toBe(true);
  });
});

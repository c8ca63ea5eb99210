import { type Caller, DomainError, newId, type Role, ROLES } from '#platform/kernel';
import { access, ACCESS, type ActionOn, inScope, requireAccess, type Resource } from './access.js';

const ME = newId();
const OTHER = newId();

function callerWith(...roles: Role[]): Caller {
  return { userId: ME, roles: new Set(roles) };
}

/**
 * Written by hand from the contract's table, in another form than the code's: one letter a role, in the order
 * seller, executor, finance, lead, admin, service; o = own, a = assigned, * = all, - = nothing.
 */
const MATRIX: Record<string, string> = {
  'clients.read': 'oa***-',
  'clients.create': 'o--**-',
  'clients.edit': 'o--**-',
  'clients.delete': 'o--**-',
  'clients.merge': 'o--**-',
  'clients.assign': '---**-',
  'clients.rpc': '-----*',
  'deals.read': 'oa***-',
  'deals.create': 'o--**-',
  'deals.edit': 'oa-**-',
  'deals.delete': 'o--**-',
  'deals.assign': '---**-',
  'deals.rpc': '-----*',
  'journal.read': 'oa***-',
  'journal.create': 'oa-**-',
  'journal.audit': '--***-',
  'documents.read': 'oa***-',
  'documents.create': 'oa-**-',
  'documents.delete': 'oa-**-',
  'quotes.read': 'oa***-',
  'quotes.create': 'oa-**-',
  'quotes.edit': 'oa-**-',
  'quotes.delete': 'o--**-',
  'quotes.ready': 'oa-**-',
  'quotes.confirm': 'o--**-',
  'quotes.archive': 'o--**-',
  'policies.read': 'oa***-',
  'policies.create': 'oa-**-',
  'policies.edit': 'oa-**-',
  'policies.delete': 'oa-**-',
  'policies.rpc': '-----*',
  'payments.read': 'oa***-',
  'payments.create': 'oa*-*-',
  'payments.edit': 'oa*-*-',
  'payments.delete': 'oa*-*-',
  'payments.confirm': '--*-*-',
  'payments.cancel': '--*-*-',
  'payments.rpc': '-----*',
  'metrics.read': 'o-***-',
  'queues.read': '----*-',
  'queues.edit': '----*-',
  'events.read': '----**',
  'events.edit': '----**',
  'events.replay': '----*-',
  'operations.read': '----**',
  'imports.read': '----*-',
  'imports.create': '----*-',
};

const SCOPE_OF: Record<string, object | null> = {
  o: { all: false, ownerId: ME, executorId: null },
  a: { all: false, ownerId: null, executorId: ME },
  '*': { all: true, ownerId: null, executorId: null },
  '-': null,
};

const actions = Object.entries(ACCESS).flatMap(([resource, row]) =>
  Object.keys(row).map((action) => [resource, action]),
);

describe('the access table', () => {
  it('has a row for each action of the contract and no other', () => {
    expect(actions.map((pair) => pair.join('.')).sort()).toEqual(Object.keys(MATRIX).sort());
  });

  it.each(actions)('grants each role on %s.%s what the contract says', (resource, action) => {
    for (const [index, role] of ROLES.entries()) {
      const letter = MATRIX[`${resource}.${action}`]![index]!;
      const scope = access(callerWith(role), resource as Resource, action as ActionOn<Resource>);
      expect({ role, scope }).toEqual({ role, scope: SCOPE_OF[letter] });
    }
  });

  it('gives a caller with several roles all that any of them gives', () => {
    const both = access(callerWith('seller', 'executor'), 'deals', 'read');
    expect(both).toEqual({ all: false, ownerId: ME, executorId: ME });
    expect(access(callerWith('lead', 'finance'), 'payments', 'confirm')).toMatchObject({ all: true });
    expect(access(callerWith('seller', 'admin'), 'deals', 'edit')).toMatchObject({ all: true, ownerId: ME });
  });

  it('gives a caller without roles nothing', () => {
    for (const [resource, action] of actions) {
      expect(access(callerWith(), resource as Resource, action as ActionOn<Resource>)).toBeNull();
    }
  });
});

describe('required access', () => {
  it('is the scope when something is granted', () => {
    expect(requireAccess(callerWith('executor'), 'deals', 'edit').executorId).toBe(ME);
  });

  it('is refused as forbidden when nothing is', () => {
    const attempt = () => requireAccess(callerWith('executor'), 'deals', 'create');
    expect(attempt).toThrow(DomainError);
    expect(attempt).toThrow(expect.objectContaining({ kind: 'forbidden', code: 'forbidden' }));
  });
});

describe('a row', () => {
  const own = { all: false, ownerId: ME, executorId: null };
  const assigned = { all: false, ownerId: null, executorId: ME };

  it('is in the scope of its owner and of its executor, each by the own column alone', () => {
    expect(inScope(own, { ownerId: ME, executorId: OTHER })).toBe(true);
    expect(inScope(own, { ownerId: OTHER, executorId: ME })).toBe(false);
    expect(inScope(assigned, { ownerId: OTHER, executorId: ME })).toBe(true);
    expect(inScope(assigned, { ownerId: ME, executorId: OTHER })).toBe(false);
  });

  it('without owner and executor is in the scope of all alone', () => {
    const unowned = { ownerId: null, executorId: null };
    expect(inScope(own, unowned)).toBe(false);
    expect(inScope(assigned, unowned)).toBe(false);
    expect(inScope({ all: true, ownerId: null, executorId: null }, unowned)).toBe(true);
  });
});

it('a role that edits the payments of a deal can read it, because the statement of lines checks only the first', () => {
  for (const role of ROLES) {
    const edit = access(callerWith(role), 'payments', 'edit');
    if (edit) expect(access(callerWith(role), 'deals', 'read')).toEqual(edit);
  }
});

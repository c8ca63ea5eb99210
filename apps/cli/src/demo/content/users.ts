import type { Role } from '#platform/kernel';

/** A user of the demo data; users are stored in the Auth service, so the CRM has no table of them. */
export interface DemoUser {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  readonly role: Role;
}

function user(role: Role, id: string, name: string, mailbox: string): DemoUser {
  return { id, name, email: `${mailbox}@demo.example`, role };
}

/** The ids are the same in every demo database, so that a token stays valid for the next one. */
export const DEMO_USERS: readonly DemoUser[] = [
  user('seller', '5e110000-0000-4000-8000-000000000001', 'Анна Смирнова', 'anna.smirnova'),
  user('seller', '5e110000-0000-4000-8000-000000000002', 'Борис Кузнецов', 'boris.kuznetsov'),
  user('seller', '5e110000-0000-4000-8000-000000000003', 'Вера Попова', 'vera.popova'),
  user('seller', '5e110000-0000-4000-8000-000000000004', 'Глеб Соколов', 'gleb.sokolov'),
  user('executor', 'e8ec0000-0000-4000-8000-000000000001', 'Дарья Лебедева', 'daria.lebedeva'),
  user('executor', 'e8ec0000-0000-4000-8000-000000000002', 'Егор Козлов', 'egor.kozlov'),
  user('executor', 'e8ec0000-0000-4000-8000-000000000003', 'Жанна Новикова', 'zhanna.novikova'),
  user('finance', 'f1ba0000-0000-4000-8000-000000000001', 'Зоя Морозова', 'zoya.morozova'),
  user('finance', 'f1ba0000-0000-4000-8000-000000000002', 'Игорь Волков', 'igor.volkov'),
  user('lead', '1ead0000-0000-4000-8000-000000000001', 'Кира Павлова', 'kira.pavlova'),
  user('admin', 'ad310000-0000-4000-8000-000000000001', 'Лев Орлов', 'lev.orlov'),
];

const GATEWAY = user('service', '5e120000-0000-4000-8000-000000000001', 'Шлюз', 'gateway');

/** The demo user of a role. */
export function demoUser(role: Role): DemoUser {
  return DEMO_USERS.find((candidate) => candidate.role === role) ?? GATEWAY;
}

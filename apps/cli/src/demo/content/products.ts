import type { Dice } from './dice.js';

/** An insured risk, in a broker's words. Words in braces are drawn from {@link SLOTS}. */
interface Product {
  readonly titles: readonly string[];
  readonly descriptions: readonly string[];
}

/** The market: persons, Russian companies, companies that write in English. */
export type Market = 'person' | 'company' | 'foreign';

const SLOTS: Readonly<Record<string, readonly string[]>> = {
  car: [
    'Lada Vesta',
    'Kia Rio',
    'Hyundai Solaris',
    'Skoda Octavia',
    'Toyota Camry',
    'Haval Jolion',
    'Chery Tiggo 7',
    'Renault Duster',
    'VW Polo',
    'Geely Monjaro',
    'Mazda CX-5',
    'BMW X3',
  ],
  truck: ['КамАЗ-5490', 'Газель Next', 'MAN TGX', 'Scania R450', 'Sitrak C7H', 'ГАЗон Next'],
  year: ['2016', '2017', '2018', '2019', '2020', '2021', '2022', '2023', '2024'],
  city: ['Нижний Новгород', 'Казань', 'Самара', 'Москва', 'Пермь', 'Кострома', 'Чебоксары', 'Ярославль', 'Дзержинск'],
  abroad: ['Турция', 'Таиланд', 'ОАЭ', 'Грузия', 'Сербия', 'Италия', 'Вьетнам', 'Египет'],
  area: ['38', '45', '54', '62', '71', '86', '112', '140'],
  staff: ['12', '18', '25', '40', '64', '85', '120', '210'],
  units: ['3', '5', '8', '11', '16', '24'],
  route: ['Шанхай — Москва', 'Стамбул — Новороссийск', 'Казань — Алматы', 'Минск — Самара', 'Пермь — Ташкент'],
  voyage: [
    'Hamburg – Nizhny Novgorod',
    'Rotterdam – Kazan',
    'Izmir – Novorossiysk',
    'Qingdao – Samara',
    'Helsinki – Perm',
  ],
  goods: ['оборудование', 'керамика', 'продукты', 'мебель', 'запчасти', 'текстиль'],
  freight: ['machine parts', 'textiles', 'food', 'ceramics', 'cut flowers', 'electronics'],
  cover: ['5 млн ₽', '10 млн ₽', '25 млн ₽', '60 млн ₽', '120 млн ₽'],
  debt: ['1,8 млн ₽', '2,4 млн ₽', '3,9 млн ₽', '5,6 млн ₽'],
  benefit: ['200 000 ₽', '500 000 ₽', '1 млн ₽'],
  limit: ['EUR 500k', 'EUR 1m', 'EUR 2.5m', 'EUR 5m'],
};

const PERSON_PRODUCTS: readonly Product[] = [
  {
    titles: ['Продление ОСАГО {car}', 'Продление ОСАГО {car} {year}'],
    descriptions: [
      'Два водителя, стаж больше 5 лет. Полис заканчивается, осмотр не нужен.',
      'Вписать ещё одного водителя, остальное как было.',
    ],
  },
  {
    titles: ['ОСАГО {car} {year}', 'ОСАГО {car}, без ограничений'],
    descriptions: [
      'Новая машина, регистрация на следующей неделе. КБМ проверить.',
      'Смена страховой после аварии, интересует разница в цене.',
    ],
  },
  {
    titles: ['КАСКО {car} {year}', 'КАСКО {car} с франшизой', 'КАСКО + GAP {car} {year}'],
    descriptions: [
      'Машина в кредите, банк требует полное КАСКО. Франшиза 30 000 ₽ подойдёт.',
      'Хранение на охраняемой стоянке, убытков не было. Сравнить три компании.',
      'Нужен эвакуатор и подменный автомобиль.',
    ],
  },
  {
    titles: ['Квартира {area} м², {city}', 'Страхование квартиры и гражданской ответственности, {city}'],
    descriptions: [
      'Ремонт делали в прошлом году, хочет включить отделку и движимое имущество.',
      'Квартира сдаётся, важна ответственность перед соседями.',
    ],
  },
  {
    titles: ['Загородный дом {area} м²', 'Дом и баня, {city}'],
    descriptions: [
      'Дом из бруса, печное отопление. Фото и кадастровый номер пришлёт.',
      'Газовый котёл, сигнализация есть.',
    ],
  },
  {
    titles: ['Ипотека: жизнь и имущество, {city}', 'Ипотечное страхование, квартира {area} м²'],
    descriptions: [
      'Остаток долга {debt}. Банк принимает полисы пяти компаний.',
      'Нужно до даты ежегодного платежа, иначе ставка вырастет.',
    ],
  },
  {
    titles: ['ВЗР {abroad}, семья', 'ВЗР Schengen Multi, 90 дней', 'Путешествие: {abroad}, активный отдых'],
    descriptions: [
      'Два взрослых и двое детей, 14 дней. Отмена поездки — да.',
      'Горные лыжи, нужна спасательная операция.',
    ],
  },
  {
    titles: ['ДМС для семьи, {city}', 'ДМС ребёнок, стоматология'],
    descriptions: ['Прикрепление к клинике рядом с домом, вызов врача.', 'Хроники нет, анкета заполнена.'],
  },
  {
    titles: ['Несчастный случай, спорт', 'НС для школьника'],
    descriptions: ['Секция требует полис к соревнованиям.', 'Сумма {benefit}, травмы и госпитализация.'],
  },
];

const COMPANIES: readonly Product[] = [
  {
    titles: ['ДМС сотрудников, {staff} чел.', 'ДМС + выезд врача, {staff} чел.', 'Расширение ДМС: стоматология'],
    descriptions: [
      'Кадры просят сравнить с нынешней программой. Родственники — за свой счёт.',
      'Список застрахованных пришлют после тендера.',
    ],
  },
  {
    titles: ['Имущество: склад, {city}', 'Имущество и перерыв в производстве', 'Огневые риски, {cover}'],
    descriptions: [
      'Склад класса B, спринклеры. Нужен осмотр.',
      'Оборудование в залоге у банка, выгодоприобретатель — банк.',
      'Прошлый убыток — залив, 2 года назад.',
    ],
  },
  {
    titles: ['Груз {route}, {goods}', 'Генеральный полис: грузы, {goods}', 'Ответственность экспедитора, {cover}'],
    descriptions: [
      'Две отправки в месяц, условия «с ответственностью за все риски».',
      'Перегруз в порту, рефрижератор. Уточнить франшизу.',
    ],
  },
  {
    titles: ['Автопарк: КАСКО {truck}, {units} ед.', 'ОСАГО парка, {units} ед.', 'КАСКО {truck} {year}, лизинг'],
    descriptions: [
      'Лизинговая компания согласовала перечень страховщиков.',
      'Водители меняются, нужен полис без ограничений.',
    ],
  },
  {
    titles: ['ГО при эксплуатации, {cover}', 'ГО подрядчика (СРО)', 'Профессиональная ответственность, {cover}'],
    descriptions: [
      'Требование заказчика по договору, лимит {cover}.',
      'Членство в СРО: договор и сертификат нужны к собранию.',
    ],
  },
  {
    titles: ['СМР: объект в г. {city}', 'Строительно-монтажные риски, {cover}'],
    descriptions: [
      'Срок работ 14 месяцев и гарантийный период.',
      'Смета и график у прораба, страхователь — генподрядчик.',
    ],
  },
  {
    titles: ['НС сотрудников, {staff} чел.', 'Командировки: ВЗР, {staff} чел.'],
    descriptions: ['Вахтовики, высотные работы.', 'Годовой полис, выезды по мере надобности.'],
  },
  {
    titles: ['Спецтехника, {units} ед.', 'Кибер-риски, {cover}', 'Опасный объект: ОПО, {city}'],
    descriptions: [
      'Аренда с экипажем, работает круглый год.',
      'Опрос по ИБ заполнен наполовину.',
      'Паспорт объекта обновлён, нужен расчёт до проверки.',
    ],
  },
];

const FOREIGN: readonly Product[] = [
  {
    titles: ['Marine cargo: {voyage}', 'Open cargo policy, {freight}', 'Cargo {freight}, {voyage}'],
    descriptions: [
      'ICC (A), 40 containers a year. Deductible to be discussed.',
      'Reefer cargo, temperature log available.',
    ],
  },
  {
    titles: ['Property all risks, {limit}', 'Stock throughput, {freight}'],
    descriptions: ['Warehouse leased, landlord is loss payee.', 'Master policy in Europe, local policy needed here.'],
  },
  {
    titles: [
      'General and product liability, {limit}',
      'Directors & officers, {limit}',
      'Professional indemnity, {limit}',
    ],
    descriptions: [
      'Contract with the distributor requires it.',
      'Claims-made, retroactive date as in the expiring policy.',
    ],
  },
  {
    titles: ['Group health (ДМС), {staff} employees', 'Business travel, {staff} travellers'],
    descriptions: ['Expats and local staff in one programme.', 'Annual multi-trip, worldwide without USA.'],
  },
];

/** The products of each market. */
export const PRODUCTS: Readonly<Record<Market, readonly Product[]>> = {
  person: PERSON_PRODUCTS,
  company: COMPANIES,
  foreign: FOREIGN,
};

/** Replaces the braces with drawn words. */
export function fill(template: string, dice: Dice): string {
  return template.replace(/\{(\w+)\}/g, (_, slot: string) => dice.pick(SLOTS[slot]!));
}

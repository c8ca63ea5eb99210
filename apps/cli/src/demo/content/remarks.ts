import type { Stage } from '../deals.js';
import type { Market } from './products.js';

const RUSSIAN: Readonly<Record<Stage, readonly string[]>> = {
  qualification: [
    'Созвонились, условия понятны. Ждёт расчёт на почту.',
    'Обращение по рекомендации. Нынешний полис будет фотографией.',
    'Документы получены не все: не хватает паспорта и ПТС.',
    'Трубку не берёт, отправлено сообщение. Перезвонить после 17.',
    'Договорились о встрече в офисе, возьмёт с собой прошлый договор.',
    'Цена важнее покрытия: начать с франшизы.',
  ],
  negotiation: [
    'Расчёты запрошены у трёх компаний, ответ обещали за два дня.',
    'Просит рассрочку на два платежа. Уточняем у андеррайтера.',
    'Осмотр назначен на четверг, контакт на объекте есть.',
    'Андеррайтер просит историю убытков за три года.',
    'Таблица со сравнением программ отправлена. Ждём решения.',
    'Скидку за безубыточность подтвердили, 7 %.',
  ],
  proposal: [
    'Отправлено предложение, действует 10 дней.',
    'Бухгалтерия согласовывает счёт, вернутся в понедельник.',
    'Склоняется ко второму варианту, просит убрать франшизу.',
    'Юрист клиента прислал правки к договору, переданы страховщику.',
    'Ответ обещан на этой неделе. Напомнить.',
  ],
  closedWon: [
    'Оплата прошла, полис отправлен на почту.',
    'Подписали, оригиналы у курьера. Напомнить о продлении за месяц.',
    'Всё понравилось, есть вопрос про страхование дачи — завести отдельную сделку.',
  ],
  closedLost: [
    'Попрощались хорошо, можно вернуться через год.',
    'Дата окончания полиса у конкурента известна, позвонить за месяц.',
    'Больше не звонить до сезона.',
  ],
};

const ENGLISH: typeof RUSSIAN = {
  qualification: [
    'Call with the risk manager: wants terms from two markets.',
    'Expiring policy received, wording differs from ours in the exclusions.',
    'Waiting for the loss record of the last five years.',
  ],
  negotiation: [
    'Slip sent to the market, first indications expected this week.',
    'Underwriter requests a survey report of the warehouse.',
    'Higher deductible brings the rate down by 12 %, informed the client.',
  ],
  proposal: [
    'Quote sent, valid for 14 days. Decision is taken at headquarters.',
    'Client wants the Russian and the English wording side by side.',
    'Reminded them, answer promised by Friday.',
  ],
  closedWon: ['Cover bound, documents sent.', 'Signed by both sides. Renewal talk two months before the end.'],
  closedLost: ['Goes with the global programme, stay in touch.', 'They may come back next season.'],
};

/** Journal notes of each stage, in the client's language. */
export const NOTES: Readonly<Record<Market, typeof RUSSIAN>> = { person: RUSSIAN, company: RUSSIAN, foreign: ENGLISH };

const RUSSIAN_REASONS = [
  'Дешевле у другого брокера',
  'Остаётся у прежнего страховщика',
  'Отложили до следующего года',
  'Клиент перестал отвечать',
  'Страховщик отказал в принятии риска',
  'Машину продали',
  'Не согласовали бюджет',
];

/** Why a deal was lost. */
export const LOST_REASONS: Readonly<Record<Market, readonly string[]>> = {
  person: RUSSIAN_REASONS,
  company: RUSSIAN_REASONS,
  foreign: ['Price', 'Covered by the global programme', 'Project was postponed', 'No answer'],
};

const RUSSIAN_COMMENTS = [
  'Франшиза 30 000 ₽, без неё на 9 % дороже.',
  'Рассрочка на два платежа без наценки.',
  'Нужен осмотр до начала.',
  'Скидка за безубыточность учтена.',
];

/** Notes of an executor on an insurer's offer. */
export const OFFER_COMMENTS: Readonly<Record<Market, readonly string[]>> = {
  person: [...RUSSIAN_COMMENTS, 'Действует при установке маяка.'],
  company: [...RUSSIAN_COMMENTS, 'Тариф держат до конца месяца.'],
  foreign: ['Subject to survey.', 'Deductible EUR 5,000 each and every loss.', 'Premium payable in two instalments.'],
};

const POLICY_SCANS = ['Полис, скан', 'Полис и квитанция', 'Правила страхования'];
const DEAL_SCANS = ['Заявление на страхование', 'Опросный лист', 'Прошлогодний полис, фото', 'Акт осмотра'];

/** Titles of documents. */
export const DOCUMENT_TITLES: Readonly<
  Record<Market, Readonly<Record<'policy' | 'deal' | 'client', readonly string[]>>>
> = {
  person: { policy: POLICY_SCANS, deal: [...DEAL_SCANS, 'ПТС и СТС'], client: ['Согласие на обработку данных'] },
  company: { policy: POLICY_SCANS, deal: DEAL_SCANS, client: ['Карточка предприятия', 'Договор поручения'] },
  foreign: {
    policy: ['Policy, signed', 'Policy wording', 'Certificate of insurance'],
    deal: ['Slip', 'Loss record', 'Survey report'],
    client: ['Broker of record letter', 'Terms of business'],
  },
};

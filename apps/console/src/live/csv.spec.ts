import { csvRows } from './csv.js';

describe('the rows of a CSV file', () => {
  it('are read with what is quoted: commas, quotes, line breaks', () => {
    const file = '\ufeffid,comment,amount\r\n1,"первый, ""срочно""\r\nзвонок",10.00\r\n2,,20.00\r\n';
    expect(csvRows(file)).toEqual([
      { id: '1', comment: 'первый, "срочно"\r\nзвонок', amount: '10.00' },
      { id: '2', comment: '', amount: '20.00' },
    ]);
  });

  it('are read without the guards against formulas', () => {
    const file = "\ufeffid,comment\r\n1,'=1+1\r\n2,a;'=1\r\n3,\"a\r\n' =1\"\r\n4,'\uFF1D1\r\n5,''=1\r\n6,'plain\r\n";
    const comments = csvRows(file).map(({ comment }) => comment);
    expect(comments).toEqual(['=1+1', 'a;=1', 'a\r\n =1', '\uFF1D1', "'=1", "'plain"]);
  });

  it('are none when there is but the line of names', () => {
    expect(csvRows('id,amount\r\n')).toEqual([]);
  });
});

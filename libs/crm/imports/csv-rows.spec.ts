import { type CsvRow, csvRows } from './csv-rows.js';

async function* partsOf(text: string): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text);
  for (let from = 0; from < bytes.length; from += 65_536) {
    await Promise.resolve();
    yield bytes.subarray(from, from + 65_536);
  }
}

const rowsOf = async (text: string, maxBlankRows?: number): Promise<CsvRow[]> => {
  const rows: CsvRow[] = [];
  for await (const row of csvRows(partsOf(text), 'utf-8', maxBlankRows)) rows.push(row);
  return rows;
};

describe('the rows of a CSV file', () => {
  it.each<[string, string]>([
    ['delimiters alone', 'name;kind\r\n;\r\n;;\r\nА;person\r\n'],
    ['delimiters of another kind of file', 'name,kind\r\n;\r\n;;\r\nА,person\r\n'],
    ['spaces', 'name;kind\r\n   \r\n \u00a0;\t\r\nА;person\r\n'],
    ['nothing, before and behind', '\r\n;;\r\nname;kind\r\nА;person\r\n\r\n;\r\n'],
  ])('leave out a row of %s', async (_what, text) => {
    expect((await rowsOf(text)).map(({ cells }) => cells)).toEqual([
      ['name', 'kind'],
      ['А', 'person'],
    ]);
  });

  it.each([
    ['sep=;\r\nname;kind\r\nА,Б;person\r\n', ['А,Б', 'person']],
    ['\ufeffSEP=\t\nname\tkind\nА;Б\tperson\n', ['А;Б', 'person']],
    ['"sep=|"\r\nname|kind\r\nА;Б|person\r\n', ['А;Б', 'person']],
  ])('take the delimiter from the first line %j', async (text, cells) => {
    const rows = await rowsOf(text);
    expect(rows).toEqual([
      { line: 2, cells: ['name', 'kind'] },
      { line: 3, cells },
    ]);
  });

  it('retain their line numbers with omitted rows and line breaks in cells', async () => {
    const rows = await rowsOf('\nname,kind\n,,\n"А\r\nБ",person\n\n;\nВ,company\n');
    expect(rows.map(({ line }) => line)).toEqual([2, 4, 8]);
  });

  const SIZE = 100_000;
  it.each<[string, string]>([
    ['empty lines', '\n'.repeat(SIZE)],
    ['lines of one cell', 'x\n'.repeat(SIZE / 2)],
    ['lines of too many cells', 'a,b,c\n'.repeat(SIZE / 6)],
    ['delimiters', ','.repeat(90_000)],
    ['one quoted cell', `"${'x\n'.repeat(60_000)}",y\n`.repeat(3)],
    ['quoted cells', '"",""\n'.repeat(SIZE / 6)],
  ])('of %s leave turns of the event loop to others, and build no error', async (_what, text) => {
    const captured = jest.spyOn(Error, 'captureStackTrace');
    let [turns, isDone] = [0, false];
    const count = (): void => {
      turns++;
      if (!isDone) setImmediate(count);
    };
    setImmediate(count);
    await rowsOf(`name,kind\n${text}`);
    isDone = true;
    expect(turns).toBeGreaterThanOrEqual(Math.floor(text.length / 512));
    expect(captured).not.toHaveBeenCalled();
    captured.mockRestore();
  });

  it.each(['\n', ';;\n', '" "\n'])('of blank rows %j are refused when there are more than a limit', async (blank) => {
    const text = `name,kind\n${blank.repeat(300)}А,person\n`;
    expect(await rowsOf(text, 300)).toHaveLength(2);
    await expect(rowsOf(text, 299)).rejects.toMatchObject({ code: 'too_many_rows', kind: 'too_large' });
  });

  it.each<[string, string]>([
    ['empty cells', ','.repeat(SIZE * 4)],
    ['empty cells up to the end of a line', `${','.repeat(SIZE * 4)}\nА,person\n`],
    ['quoted empty cells', '"",'.repeat(SIZE)],
    ['cells of a line break', '"\n",'.repeat(SIZE)],
  ])('of one row of %s are refused as soon as the row is too long', async (_what, row) => {
    await expect(rowsOf(`name,kind\nА,person\n${row}`)).rejects.toMatchObject({
      code: 'row_too_long',
      details: { line: 3 },
    });
  });

  it('take a row as long as allowed', async () => {
    const row = `${','.repeat(262_140)}я\n`;
    expect((await rowsOf(`name,kind\n${row}`)).at(-1)!.cells).toHaveLength(262_141);
  });
});

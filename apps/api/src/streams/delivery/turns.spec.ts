import { Turns } from './turns.js';

describe('turns', () => {
  it('lets no more run at a time than there are places, in the order they came', async () => {
    const turns = new Turns(2);
    const begun: number[] = [];
    const finish: (() => void)[] = [];
    const all = [0, 1, 2, 3].map((index) =>
      turns.take(() => {
        begun.push(index);
        return new Promise<number>((resolve) => (finish[index] = () => resolve(index)));
      }),
    );
    expect(begun).toEqual([0, 1]);
    finish[1]!();
    expect(await all[1]).toBe(1);
    expect(begun).toEqual([0, 1, 2]);
    finish[0]!();
    await all[0];
    finish[2]!();
    finish[3]!();
    expect(await Promise.all(all)).toEqual([0, 1, 2, 3]);
  });

  it('gives the place of work that failed to the next', async () => {
    const turns = new Turns(1);
    const failing = turns.take(() => Promise.reject(new Error('no')));
    const next = turns.take(() => Promise.resolve('yes'));
    await expect(failing).rejects.toThrow('no');
    expect(await next).toBe('yes');
    expect(await turns.take(() => Promise.resolve('again'))).toBe('again');
  });
});

import { ReplicaLag } from './replica-lag.js';

describe('the lag of a replica', () => {
  let lag: ReplicaLag;

  beforeEach(() => (lag = new ReplicaLag()));

  it('is infinite until the replica has replayed an LSN of the primary', () => {
    expect(lag.lagMs(0)).toBe(Infinity);
    lag.addPrimary(100n, 1_000);
    lag.addReplica(99n);
    expect(lag.lagMs(1_000)).toBe(Infinity);
    lag.addReplica(100n);
    expect(lag.lagMs(1_500)).toBe(500);
  });

  it('is no more than the time since the last sample while the primary is idle', () => {
    lag.addPrimary(100n, 1_000);
    lag.addReplica(100n);
    lag.addPrimary(100n, 2_000);
    lag.addReplica(100n);
    expect(lag.lagMs(2_100)).toBe(100);
  });

  it('counts from the newest sample that was replayed', () => {
    lag.addPrimary(100n, 1_000);
    lag.addPrimary(200n, 2_000);
    lag.addPrimary(300n, 3_000);
    lag.addReplica(250n);
    expect(lag.lagMs(3_000)).toBe(1_000);
    lag.addReplica(260n);
    expect(lag.lagMs(4_000)).toBe(2_000);
    lag.addReplica(300n);
    expect(lag.lagMs(4_000)).toBe(1_000);
  });

  it('grows while nothing is measured', () => {
    lag.addPrimary(100n, 1_000);
    lag.addReplica(100n);
    expect(lag.lagMs(9_000)).toBe(8_000);
  });

  it('is infinite again when the primary is another server, with less history', () => {
    lag.addPrimary(200n, 1_000);
    lag.addReplica(200n);
    lag.addPrimary(150n, 2_000);
    expect(lag.lagMs(2_000)).toBe(Infinity);
    lag.addReplica(150n);
    expect(lag.lagMs(2_000)).toBe(0);
  });

  it('does not grow without limit while the replica stands still', () => {
    for (let second = 0; second < 5_000; second++) lag.addPrimary(BigInt(second), second * 1_000);
    lag.addReplica(4_999n);
    expect(lag.lagMs(4_999_000)).toBe(0);
  });
});

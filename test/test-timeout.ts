// Generous: reached only when something hangs. A machine may be several times slower than another.
jest.setTimeout(600_000);

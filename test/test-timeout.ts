// Reached only when a test hangs: machines differ several times in speed.
jest.setTimeout(600_000);

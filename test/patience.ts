// Generous: reached only when something hangs. A file of long tests sets more.
jest.setTimeout(60_000);

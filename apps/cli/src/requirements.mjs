// `node apps/cli/src/requirements.mjs [build]`: ends with one line unless the libraries, and the build, are there. Scripts of
// package.json whose own error would not name the remedy run it first.
import { requireBuild, requireLibraries } from './build.mjs';

try {
  requireLibraries();
  if (process.argv[2] === 'build') requireBuild();
} catch (error) {
  console.error(error.message);
  process.exit(1);
}

import { setFlagsFromString } from 'node:v8';
import { serve } from '#platform/http';
import { WORKER } from './worker.program.js';

// V8 lets a small heap grow fourfold before it collects garbage, and a long import would occupy 100 MB more. Twofold is
// enough, and costs no measurable throughput.
setFlagsFromString('--heap-growing-percent=80');

await serve(WORKER, process.env);

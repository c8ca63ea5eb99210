import { serve } from '#platform/http';
import { API } from './api.program.js';

await serve(API, process.env);

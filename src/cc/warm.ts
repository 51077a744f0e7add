/**
 * What an isolate reads before it has a thread of C, so that the thread does not wait for it. Only machines that load such a
 * module pay for it.
 */
import { loadFile, onWarming } from '../kernel/isolate.js';

onWarming(() => loadFile(new URL('run.js', import.meta.url).href));

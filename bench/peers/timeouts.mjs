// setTimeout() beside timers. Answers with nanoseconds for one of so many.
import { timerMeasures } from '../lib/timeouts.mjs';
import { serve } from './serve.mjs';

const measures = timerMeasures((times, delay, fn) => Array.from({ length: times }, (_, i) => setTimeout(fn, delay(i))), clearTimeout);

serve(({ name, times }) => measures[name](times));

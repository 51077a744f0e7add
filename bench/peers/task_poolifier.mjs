// The tasks, as poolifier wants them.
import { ThreadWorker } from 'poolifier';
import { endless, increment, pin } from './tasks.mjs';

export default new ThreadWorker({ endless, increment, pin });

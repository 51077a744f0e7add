// The tasks, as workerpool wants them.
import { worker } from 'workerpool';
import { endless, increment } from './tasks.mjs';

worker({ endless, increment });

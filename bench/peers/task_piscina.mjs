// The tasks, as piscina and tinypool want them: functions of a module.
export { endless, increment, pin } from './tasks.mjs';

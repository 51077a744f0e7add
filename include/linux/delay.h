/* Waiting for a time. */
#ifndef _LINUX_DELAY_H
#define _LINUX_DELAY_H
#include <linux/sched.h>
extern void msleep(unsigned int ms);
extern unsigned long msleep_interruptible(unsigned int ms);
extern void usleep_range(unsigned long min, unsigned long max);
extern void fsleep(unsigned long us);
extern void udelay(unsigned long us);
extern void mdelay(unsigned long ms);
extern void ndelay(unsigned long ns);
#define ssleep(seconds)		msleep((seconds) * 1000)
#define usleep_idle_range(min, max) usleep_range(min, max)
#endif

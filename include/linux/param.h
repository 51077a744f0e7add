/* How many jiffies a second has. */
#ifndef _LINUX_PARAM_H
#define _LINUX_PARAM_H
#define HZ		CONFIG_HZ
#define USER_HZ		100
#endif

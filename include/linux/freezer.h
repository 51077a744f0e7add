/* Threads are not frozen here. */
#include <linux/kthread.h>

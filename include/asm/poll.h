/* As <linux/poll.h>. */
#include <linux/poll.h>

/* As <linux/signal.h>. */
#include <linux/signal.h>

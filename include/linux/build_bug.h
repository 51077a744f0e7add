/* Checks that the compiler makes. */
#include <linux/bug.h>

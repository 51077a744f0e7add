/* Words as text: __stringify, which every file has already. */
#include <linux/compiler_types.h>

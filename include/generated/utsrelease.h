/* The version of Linux that this API is that of, as text. */
#define UTS_RELEASE "6.12.0"

/* What uname() tells of a machine. */
#ifndef _LINUX_UTSNAME_H
#define _LINUX_UTSNAME_H
#include <generated/utsrelease.h>
#define __NEW_UTS_LEN		64
struct new_utsname {
	char sysname[65];
	char nodename[65];
	char release[65];
	char version[65];
	char machine[65];
	char domainname[65];
};
static struct new_utsname __utsname __attribute__((__unused__)) = {
	.sysname = "Linux", .nodename = "(none)", .release = UTS_RELEASE, .version = "#1 SMP kthread", .machine = "wasm32", .domainname = "(none)",
};
#define utsname()		(&__utsname)
#define init_utsname()		(&__utsname)
#endif

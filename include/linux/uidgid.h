/* Users and groups: everybody is root. */
#ifndef _LINUX_UIDGID_H
#define _LINUX_UIDGID_H
#include <linux/types.h>
struct user_namespace {
	int level;
};
static struct user_namespace init_user_ns __maybe_unused;
#define KUIDT_INIT(value)	((kuid_t){ value })
#define KGIDT_INIT(value)	((kgid_t){ value })
#define GLOBAL_ROOT_UID		KUIDT_INIT(0)
#define GLOBAL_ROOT_GID		KGIDT_INIT(0)
static __always_inline bool uid_eq(kuid_t a, kuid_t b) { return a.val == b.val; }
static __always_inline bool gid_eq(kgid_t a, kgid_t b) { return a.val == b.val; }
static __always_inline uid_t __kuid_val(kuid_t uid) { return uid.val; }
static __always_inline gid_t __kgid_val(kgid_t gid) { return gid.val; }
#define from_kuid(ns, uid)		((void)(ns), (uid).val)
#define from_kgid(ns, gid)		((void)(ns), (gid).val)
#define from_kuid_munged(ns, uid)	from_kuid(ns, uid)
#define from_kgid_munged(ns, gid)	from_kgid(ns, gid)
#define make_kuid(ns, uid)		((void)(ns), KUIDT_INIT(uid))
#define make_kgid(ns, gid)		((void)(ns), KGIDT_INIT(gid))
#define current_user_ns()		(&init_user_ns)
#endif

/* Parameters of a module: records that insmod reads (src/cc/params.ts). */
#ifndef _LINUX_MODULEPARAM_H
#define _LINUX_MODULEPARAM_H
#include <linux/stat.h>
#include <linux/compiler.h>
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/stringify.h>

struct kernel_param;
struct kernel_param_ops {
	unsigned int flags;
	int (*set)(const char *value, const struct kernel_param *kp);
	int (*get)(char *buf, const struct kernel_param *kp);
	void (*free)(void *arg);
};
struct kernel_param {
	const char *name;
	const char *type;
	void *arg;
	unsigned int perm;
	unsigned int most;
	unsigned int *count;
	const struct kernel_param_ops *ops;
};

#define __module_param_record(pname, ptype, var, pperm, pmost, pcount, pops) \
	static const struct kernel_param __param_##pname __module_record("__param") = { #pname, #ptype, (void *)(var), (pperm), (pmost), (void *)(pcount), (pops) }
#define __module_param(pname, ptype, var, pperm, pmost, pcount) __module_param_record(pname, ptype, var, pperm, pmost, pcount, NULL)
#define module_param(name, type, perm)		__module_param(name, type, &name, perm, 0, NULL)
#define module_param_named(name, var, type, perm) __module_param(name, type, &var, perm, 0, NULL)
#define module_param_unsafe(name, type, perm)	module_param(name, type, perm)
#define module_param_string(name, var, len, perm) __module_param(name, string, var, perm, len, NULL)
#define module_param_array(name, type, nump, perm) __module_param(name, type, name, perm, ARRAY_SIZE(name), nump)
#define module_param_array_named(name, var, type, nump, perm) __module_param(name, type, var, perm, ARRAY_SIZE(var), nump)
/* With functions of one's own: `set` is called for what insmod is given, before init, and for what is written in /sys. */
#define module_param_cb(name, ops, arg, perm)	__module_param_record(name, cb, arg, perm, 0, NULL, ops)
#define module_param_call(name, set_, get_, arg, perm) \
	static const struct kernel_param_ops __param_ops_##name = { .set = (set_), .get = (get_) }; \
	module_param_cb(name, &__param_ops_##name, arg, perm)
#define __param_type(type) \
	extern int param_set_##type(const char *value, const struct kernel_param *kp); \
	extern int param_get_##type(char *buf, const struct kernel_param *kp); \
	static const struct kernel_param_ops param_ops_##type __maybe_unused = { .set = param_set_##type, .get = param_get_##type };
__param_type(byte)
__param_type(short)
__param_type(ushort)
__param_type(int)
__param_type(uint)
__param_type(long)
__param_type(ulong)
__param_type(hexint)
__param_type(bool)
__param_type(invbool)
__param_type(charp)
#define MODULE_PARM_DESC(name, text) \
	static const char __UNIQUE_ID(parmdesc)[] __attribute__((__used__, __section__("__parmdesc"), __aligned__(1), no_sanitize("address"))) = #name ":" text

#endif

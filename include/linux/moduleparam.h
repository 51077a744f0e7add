/* Parameters of a module: records that insmod reads (src/cc/params.ts). */
#ifndef _LINUX_MODULEPARAM_H
#define _LINUX_MODULEPARAM_H
#include <linux/stat.h>
#include <linux/compiler.h>
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/stringify.h>

struct kernel_param {
	const char *name;
	const char *type;
	void *variable;
	unsigned int perm;
	unsigned int most;
	unsigned int *count;
};

#define __module_param(pname, ptype, var, pperm, pmost, pcount) \
	static const struct kernel_param __param_##pname __module_record("__param") = { #pname, #ptype, (void *)(var), (pperm), (pmost), (void *)(pcount) }
#define module_param(name, type, perm)		__module_param(name, type, &name, perm, 0, NULL)
#define module_param_named(name, var, type, perm) __module_param(name, type, &var, perm, 0, NULL)
#define module_param_unsafe(name, type, perm)	module_param(name, type, perm)
#define module_param_string(name, var, len, perm) __module_param(name, string, var, perm, len, NULL)
#define module_param_array(name, type, nump, perm) __module_param(name, type, name, perm, ARRAY_SIZE(name), nump)
#define module_param_array_named(name, var, type, nump, perm) __module_param(name, type, var, perm, ARRAY_SIZE(var), nump)
#define MODULE_PARM_DESC(name, text) \
	static const char __UNIQUE_ID(parmdesc)[] __attribute__((__used__, __section__("__parmdesc"), __aligned__(1), no_sanitize("address"))) = #name ":" text

#endif

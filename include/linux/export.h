/* What a module lets others use. */
#ifndef _LINUX_EXPORT_H
#define _LINUX_EXPORT_H
#include <linux/compiler.h>
struct kernel_symbol {
	const char *name;
	const void *value;
};
#define EXPORT_SYMBOL(sym) \
	static const struct kernel_symbol __ksymtab_##sym __module_record("__ksymtab") = { #sym, (const void *)&sym }
#define EXPORT_SYMBOL_GPL(sym)	EXPORT_SYMBOL(sym)
#define EXPORT_SYMBOL_NS(sym, ns) EXPORT_SYMBOL(sym)
#define EXPORT_SYMBOL_NS_GPL(sym, ns) EXPORT_SYMBOL(sym)
struct module;
extern struct module __this_module;
#define THIS_MODULE		(&__this_module)
#endif

// A shelf in /proc: what is written to it is put there, reading it lists what is there, and how much it holds is a parameter.
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/uaccess.h>

static uint room = 2;
module_param(room, uint, 0644); // Also /sys/module/shelf/parameters/room.

struct thing {
	struct list_head list;
	char name[32];
};
static LIST_HEAD(things);
static uint count;
static DEFINE_MUTEX(lock); // Of both.

static void *shelf_start(struct seq_file *m, loff_t *pos) { mutex_lock(&lock); return seq_list_start(&things, *pos); }
static void *shelf_next(struct seq_file *m, void *v, loff_t *pos) { return seq_list_next(v, &things, pos); }
static void shelf_stop(struct seq_file *m, void *v) { mutex_unlock(&lock); }
static int shelf_show(struct seq_file *m, void *v) { seq_printf(m, "%s\n", list_entry(v, struct thing, list)->name); return 0; }
static const struct seq_operations shelf_sops = { .start = shelf_start, .next = shelf_next, .stop = shelf_stop, .show = shelf_show };

static ssize_t shelf_write(struct file *file, const char __user *buf, size_t size, loff_t *pos)
{
	struct thing *thing = kzalloc(sizeof(*thing), GFP_KERNEL);
	ssize_t ret = thing && !copy_from_user(thing->name, buf, min(size, sizeof(thing->name) - 1)) ? size : -EFAULT;

	mutex_lock(&lock);
	if (ret > 0 && count >= room)
		ret = -ENOSPC;
	if (ret > 0) {
		strim(thing->name); // The newline of echo.
		list_add_tail(&thing->list, &things);
		count++;
	}
	mutex_unlock(&lock);
	if (ret < 0)
		kfree(thing);
	return ret;
}

static int shelf_open(struct inode *inode, struct file *file) { return seq_open(file, &shelf_sops); }
static const struct proc_ops shelf_ops = { .proc_open = shelf_open, .proc_read = seq_read, .proc_write = shelf_write, .proc_lseek = seq_lseek, .proc_release = seq_release };

static int __init shelf_init(void) { return proc_create("shelf", 0644, NULL, &shelf_ops) ? 0 : -ENOMEM; }
static void __exit shelf_exit(void)
{
	struct thing *thing, *next;

	remove_proc_entry("shelf", NULL); // From here on nobody is inside.
	list_for_each_entry_safe(thing, next, &things, list)
		kfree(thing);
}

module_init(shelf_init);
module_exit(shelf_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("a list that is a file");

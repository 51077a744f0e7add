/* Files whose text is made while it is read, one item after the other. */
#ifndef _LINUX_SEQ_FILE_H
#define _LINUX_SEQ_FILE_H
#include <linux/bug.h>
#include <linux/export.h>
#include <linux/fs.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/rculist.h>
#include <linux/string.h>
#include <linux/types.h>
#include <generated/records.h>

struct seq_operations {
	void *(*start)(struct seq_file *m, loff_t *pos);
	void (*stop)(struct seq_file *m, void *item);
	void *(*next)(struct seq_file *m, void *item, loff_t *pos);
	int (*show)(struct seq_file *m, void *item);
};

/* What show() returns for an item that is to be left out, and what start() may return for a line before the first item. */
#define SEQ_SKIP		1
#define SEQ_START_TOKEN		((void *)1)

extern int seq_open(struct file *file, const struct seq_operations *op);
extern int seq_open_private(struct file *file, const struct seq_operations *op, int size);
extern void *__seq_open_private(struct file *file, const struct seq_operations *op, int size);
extern ssize_t seq_read(struct file *file, char __user *buf, size_t size, loff_t *pos);
extern loff_t seq_lseek(struct file *file, loff_t offset, int whence);
extern int seq_release(struct inode *inode, struct file *file);
extern int seq_release_private(struct inode *inode, struct file *file);
extern int single_open(struct file *file, int (*show)(struct seq_file *m, void *unused), void *data);
extern int single_open_size(struct file *file, int (*show)(struct seq_file *m, void *unused), void *data, size_t size);
extern int single_release(struct inode *inode, struct file *file);

extern void seq_printf(struct seq_file *m, const char *fmt, ...) __printf(2, 3);
extern void seq_vprintf(struct seq_file *m, const char *fmt, va_list args);
extern int seq_write(struct seq_file *m, const void *data, size_t size);
extern void seq_puts(struct seq_file *m, const char *text);
extern void seq_putc(struct seq_file *m, char c);
extern void seq_put_decimal_ull(struct seq_file *m, const char *before, unsigned long long n);
extern void seq_put_decimal_ull_width(struct seq_file *m, const char *before, unsigned long long n, unsigned int width);
extern void seq_put_decimal_ll(struct seq_file *m, const char *before, long long n);
extern void seq_put_hex_ll(struct seq_file *m, const char *before, unsigned long long n, unsigned int width);
extern void seq_escape(struct seq_file *m, const char *text, const char *which);
extern void seq_pad(struct seq_file *m, char c);

static __always_inline bool seq_has_overflowed(struct seq_file *m) { return m->count == m->size; }
static __always_inline void seq_set_overflow(struct seq_file *m) { m->count = m->size; }
static __always_inline void seq_setwidth(struct seq_file *m, size_t size) { m->pad_until = m->count + size; }
/* Room to write into by oneself; seq_commit() says how much was written, negative if it did not fit. */
static __maybe_unused size_t seq_get_buf(struct seq_file *m, char **buf)
{
	*buf = m->count < m->size ? m->buf + m->count : NULL;
	return m->size - m->count;
}
static __maybe_unused void seq_commit(struct seq_file *m, int n)
{
	if (n < 0)
		m->count = m->size;
	else
		m->count += n;
}

/* Lists as files: pos counts their nodes. Those with _head have a line before the first node, for which they give the head. */
static __maybe_unused struct list_head *seq_list_start(struct list_head *head, loff_t pos)
{
	struct list_head *node;

	list_for_each(node, head)
		if (pos-- == 0)
			return node;
	return NULL;
}
static __maybe_unused struct list_head *seq_list_start_head(struct list_head *head, loff_t pos) { return pos == 0 ? head : seq_list_start(head, pos - 1); }
static __maybe_unused struct list_head *seq_list_next(void *item, struct list_head *head, loff_t *pos)
{
	struct list_head *node = ((struct list_head *)item)->next;

	++*pos;
	return node == head ? NULL : node;
}
#define seq_list_start_rcu	seq_list_start
#define seq_list_start_head_rcu	seq_list_start_head
#define seq_list_next_rcu	seq_list_next
static __maybe_unused struct hlist_node *seq_hlist_start(struct hlist_head *head, loff_t pos)
{
	struct hlist_node *node;

	hlist_for_each(node, head)
		if (pos-- == 0)
			return node;
	return NULL;
}
static __maybe_unused struct hlist_node *seq_hlist_start_head(struct hlist_head *head, loff_t pos) { return pos == 0 ? SEQ_START_TOKEN : seq_hlist_start(head, pos - 1); }
static __maybe_unused struct hlist_node *seq_hlist_next(void *item, struct hlist_head *head, loff_t *pos)
{
	++*pos;
	return item == SEQ_START_TOKEN ? head->first : ((struct hlist_node *)item)->next;
}
#define seq_hlist_start_rcu	seq_hlist_start
#define seq_hlist_start_head_rcu seq_hlist_start_head
#define seq_hlist_next_rcu	seq_hlist_next

/* The operations of a file NAME_fops, from NAME_show, NAME_write or NAME_sops. */
#define DEFINE_SEQ_ATTRIBUTE(name) \
static int name##_open(struct inode *inode, struct file *file) \
{ \
	int error = seq_open(file, &name##_sops); \
	if (!error && inode->i_private) \
		((struct seq_file *)file->private_data)->private = inode->i_private; \
	return error; \
} \
static const struct file_operations name##_fops = { .owner = THIS_MODULE, .open = name##_open, .read = seq_read, .llseek = seq_lseek, .release = seq_release }
#define DEFINE_SHOW_ATTRIBUTE(name) \
static int name##_open(struct inode *inode, struct file *file) { return single_open(file, name##_show, inode->i_private); } \
static const struct file_operations name##_fops = { .owner = THIS_MODULE, .open = name##_open, .read = seq_read, .llseek = seq_lseek, .release = single_release }
#define DEFINE_SHOW_STORE_ATTRIBUTE(name) \
static int name##_open(struct inode *inode, struct file *file) { return single_open(file, name##_show, inode->i_private); } \
static const struct file_operations name##_fops = { .owner = THIS_MODULE, .open = name##_open, .read = seq_read, .write = name##_write, .llseek = seq_lseek, .release = single_release }
#define DEFINE_PROC_SHOW_ATTRIBUTE(name) \
static int name##_open(struct inode *inode, struct file *file) { return single_open(file, name##_show, pde_data(inode)); } \
static const struct proc_ops name##_proc_ops = { .proc_open = name##_open, .proc_read = seq_read, .proc_lseek = seq_lseek, .proc_release = single_release }
#endif

// A device with room for one letter: who writes sleeps until it is empty, who reads until there is one. Each of them is a process.
#include <linux/module.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/semaphore.h>
#include <linux/uaccess.h>

static char letter[64];
static size_t length;
static DEFINE_SEMAPHORE(empty, 1); // Down: somebody writes, or a letter is there.
static DEFINE_SEMAPHORE(full, 0);

static ssize_t mailbox_write(struct file *file, const char __user *buf, size_t count, loff_t *pos)
{
	if (down_interruptible(&empty))
		return -ERESTARTSYS; // Ctrl-C.
	length = min(count, sizeof(letter));
	length -= copy_from_user(letter, buf, length);
	pr_info("%s puts a letter of %zu bytes in\n", current->comm, length);
	up(&full);
	return length;
}

static ssize_t mailbox_read(struct file *file, char __user *buf, size_t count, loff_t *pos)
{
	if (*pos > 0)
		return 0; // One letter for each who opens it, so that cat ends.
	if (down_interruptible(&full))
		return -ERESTARTSYS;
	*pos = min(count, length);
	*pos -= copy_to_user(buf, letter, *pos);
	up(&empty);
	return *pos;
}

static const struct file_operations mailbox_fops = { .owner = THIS_MODULE, .read = mailbox_read, .write = mailbox_write };
static struct miscdevice mailbox = { .minor = MISC_DYNAMIC_MINOR, .name = "mailbox", .fops = &mailbox_fops, .mode = 0666 };
module_misc_device(mailbox);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("a device that readers and writers wait for");

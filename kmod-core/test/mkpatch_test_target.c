// SPDX-License-Identifier: GPL-2.0
/*
 * A module to be patched: /proc/mkpatch_test/value says who answers, and a read of
 * /proc/mkpatch_test/wait stays inside target_wait() until the parameter "go" is set.
 */
#include <linux/delay.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>

static bool go;
module_param(go, bool, 0644);

static noinline int target_value(struct seq_file *m, void *v)
{
	seq_puts(m, "original\n");
	return 0;
}

static noinline ssize_t target_wait(struct file *file, char __user *buf, size_t size,
				    loff_t *offset)
{
	while (!READ_ONCE(go)) {
		if (msleep_interruptible(20))
			return -EINTR;
	}
	return 0;
}

static const struct proc_ops wait_ops = {
	.proc_read = target_wait,
};

static struct proc_dir_entry *dir;

static int __init target_init(void)
{
	dir = proc_mkdir("mkpatch_test", NULL);
	if (!dir)
		return -ENOMEM;
	if (!proc_create_single("value", 0444, dir, target_value) ||
	    !proc_create("wait", 0444, dir, &wait_ops)) {
		proc_remove(dir);
		return -ENOMEM;
	}
	return 0;
}

static void __exit target_exit(void)
{
	proc_remove(dir);
}

module_init(target_init);
module_exit(target_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Test of mkpatch_core: a module to be patched");

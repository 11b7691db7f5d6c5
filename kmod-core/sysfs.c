// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/kernel/mkpatch
 *
 *   abi		MKPATCH_CORE_ABI of this core
 *   NAME/name		name of the patch, which is the name of its module
 *   NAME/version	version of the patch set
 *   NAME/release	the kernel that it was made for
 *   NAME/state		enabled, disabled or transition
 *   NAME/replace	1 if loading it retired the patches before it, else 0
 *   NAME/functions	one line for each function:
 *			OBJECT FUNCTION,SYMPOS OLD_SIZE NEW_SIZE SOURCE
 *			sizes in bytes, 0 if not known; SOURCE is "-" if not known
 *
 * All but "functions" hold one line. "functions" can be far longer than the
 * page that a text attribute may fill, so it is a binary attribute over a text
 * that is rendered once: its lines cannot change while it is there, and reads at
 * any offset fit together.
 *
 * Nothing here takes a lock: see mkpatch_sysfs_remove() in core.h.
 */
#include <linux/kobject.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "compat.h"
#include "core.h"

static struct kobject *root;

static const struct mkpatch_core_live *live_of(struct kobject *kobj)
{
	return container_of(kobj, struct mkpatch_core_live, kobj);
}

static ssize_t abi_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", MKPATCH_CORE_ABI);
}

static ssize_t name_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%s\n", live_of(kobj)->record->name);
}

static ssize_t version_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%s\n", live_of(kobj)->record->version);
}

static ssize_t release_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%s\n", live_of(kobj)->record->release);
}

static ssize_t state_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%s\n", mkpatch_live_state(live_of(kobj)));
}

static ssize_t replace_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%d\n", live_of(kobj)->klp.replace);
}

static ssize_t functions_read(struct file *file, struct kobject *kobj,
			      MKPATCH_BIN_READ_CONST struct bin_attribute *attr, char *buf,
			      loff_t offset, size_t count)
{
	const struct mkpatch_core_live *live = live_of(kobj);

	return memory_read_from_buffer(buf, count, &offset, live->listing,
				       live->listing_len);
}

static struct kobj_attribute abi_attr = __ATTR_RO(abi);
static struct kobj_attribute name_attr = __ATTR_RO(name);
static struct kobj_attribute version_attr = __ATTR_RO(version);
static struct kobj_attribute release_attr = __ATTR_RO(release);
static struct kobj_attribute state_attr = __ATTR_RO(state);
static struct kobj_attribute replace_attr = __ATTR_RO(replace);
static const struct bin_attribute functions_attr = __BIN_ATTR_RO(functions, 0);

static struct attribute *patch_attrs[] = {
	&name_attr.attr,
	&version_attr.attr,
	&release_attr.attr,
	&state_attr.attr,
	&replace_attr.attr,
	NULL,
};

static const struct attribute_group patch_group = {
	.attrs = patch_attrs,
};

static void patch_release(struct kobject *kobj)
{
	struct mkpatch_core_live *live = container_of(kobj, struct mkpatch_core_live, kobj);

	complete(&live->released);
}

static struct kobj_type patch_ktype = {
	.release = patch_release,
	.sysfs_ops = &kobj_sysfs_ops,
};

static int fill_directory(struct kobject *kobj)
{
	int err = sysfs_create_group(kobj, &patch_group);

	return err ?: sysfs_create_bin_file(kobj, &functions_attr);
}

/*
 * The last reference is ours as a rule, but the kernel may hold one for longer
 * (CONFIG_DEBUG_KOBJECT_RELEASE does it on purpose). Waiting for the release
 * makes sure that it neither frees too early nor runs when the core is gone.
 */
static void drop_directory(struct mkpatch_core_live *live)
{
	kobject_del(&live->kobj);
	kobject_put(&live->kobj);
	wait_for_completion(&live->released);
}

int mkpatch_sysfs_add(struct mkpatch_core_live *live)
{
	int err;

	init_completion(&live->released);
	kobject_init(&live->kobj, &patch_ktype);
	err = kobject_add(&live->kobj, root, "%s", live->record->name);
	if (!err)
		err = fill_directory(&live->kobj);
	if (err)
		drop_directory(live);
	return err;
}

void mkpatch_sysfs_remove(struct mkpatch_core_live *live)
{
	drop_directory(live);
}

int mkpatch_sysfs_init(void)
{
	int err;

	root = kobject_create_and_add("mkpatch", kernel_kobj);
	if (!root)
		return -ENOMEM;
	err = sysfs_create_file(root, &abi_attr.attr);
	if (err)
		kobject_put(root);
	return err;
}

void mkpatch_sysfs_exit(void)
{
	kobject_put(root);
}

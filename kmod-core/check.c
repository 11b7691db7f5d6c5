// SPDX-License-Identifier: GPL-2.0
/*
 * Is this record one that may be enabled?
 *
 * livepatch checks what it needs in order not to crash; a wrong record that
 * passes there can still patch the wrong function, or crash much later. So
 * everything that can be known before is asked here, in this order: is this the
 * layout that we know, does the memory stay, then the contents from the patch
 * down to the functions. The first cause found ends it, so that a refused patch
 * gives one line in the log.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/errno.h>
#include <linux/kallsyms.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/overflow.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/string.h>
#include <linux/utsname.h>

#include "compat.h"
#include "core.h"

#define SHOWN_MAX 80

/*
 * What may stand in a string. Lines of sysfs are read by programs: a name is
 * one word, and no string holds a line break.
 */
enum text_kind {
	TEXT_WORD,
	TEXT_LINE,
};

struct text_rule {
	const char *what;
	size_t max;
	enum text_kind kind;
};

static const struct text_rule module_rule = { "name", MODULE_NAME_LEN - 1, TEXT_WORD };

static const struct text_rule release_rule = { "release", __NEW_UTS_LEN, TEXT_WORD };

static const struct text_rule version_rule = { "version", MKPATCH_CORE_VERSION_MAX, TEXT_LINE };

static const struct text_rule func_rule = { "name", KSYM_NAME_LEN - 1, TEXT_WORD };

static const struct text_rule source_rule = { "source", MKPATCH_CORE_SOURCE_MAX, TEXT_LINE };

int mkpatch_shown(const char *s)
{
	return strnlen(s, SHOWN_MAX);
}

int mkpatch_refuse(const struct mkpatch_place *place, int err, const char *fmt, ...)
{
	const char *func = place->func ? place->func->old_name : NULL;
	struct va_format cause;
	va_list args;

	va_start(args, fmt);
	cause.fmt = fmt;
	cause.va = &args;
	if (func)
		pr_err("patch %s refused: object %*pE: function %*pE,%lu: %pV\n",
		       place->patch, mkpatch_shown(place->object), place->object,
		       mkpatch_shown(func), func, mkpatch_func_sympos(place->func),
		       &cause);
	else if (place->object)
		pr_err("patch %s refused: object %*pE: %pV\n", place->patch,
		       mkpatch_shown(place->object), place->object, &cause);
	else
		pr_err("patch %s refused: %pV\n", place->patch, &cause);
	va_end(args);
	return err;
}

const char *mkpatch_object_name(const struct mkpatch_core_object *object)
{
	return object->name ?: "vmlinux";
}

/* livepatch's own sysfs, too, shows position 1 for "there is but one". */
unsigned long mkpatch_func_sympos(const struct mkpatch_core_func *func)
{
	return func->old_sympos ?: 1;
}

/* Are these @count elements in memory that stays as long as the module? */
static bool lasting(const struct module *mod, const void *start, size_t count, size_t size)
{
	unsigned long first = (unsigned long)start;
	unsigned long last;
	size_t bytes;

	if (check_mul_overflow(count, size, &bytes) || !bytes)
		return false;
	if (check_add_overflow(first, bytes - 1, &last))
		return false;
	return within_module_core(first, mod) && within_module_core(last, mod);
}

static bool in_text(const struct module *mod, const void *start, size_t size)
{
	unsigned long text = (unsigned long)mkpatch_text_start(mod);
	unsigned long text_size = mkpatch_text_size(mod);
	unsigned long offset = (unsigned long)start - text;

	return offset < text_size && size <= text_size - offset;
}

static bool text_has_stray(const char *s, enum text_kind kind)
{
	const unsigned char *c;

	for (c = (const unsigned char *)s; *c; c++) {
		if (*c < ' ' || *c == 0x7f || (*c == ' ' && kind == TEXT_WORD))
			return true;
	}
	return false;
}

/* Is there a string at all? If not, @ret_why ends the sentence "its name is ...". */
static int text_missing(const struct module *mod, const char *s, const char **ret_why)
{
	if (!s) {
		*ret_why = "NULL";
		return -EFAULT;
	}
	if (!lasting(mod, s, 1, 1)) {
		*ret_why = "not in lasting data of the module";
		return -EFAULT;
	}
	if (!*s) {
		*ret_why = "empty";
		return -ENODATA;
	}
	return 0;
}

static int check_text(const struct mkpatch_place *place, const struct module *mod,
		      const char *s, const struct text_rule *rule)
{
	const char *why;
	int err = text_missing(mod, s, &why);

	if (err)
		return mkpatch_refuse(place, err, "its %s is %s", rule->what, why);
	if (strnlen(s, rule->max + 1) > rule->max)
		return mkpatch_refuse(place, -ENAMETOOLONG,
				      "its %s is longer than %zu bytes: \"%*pE...\"",
				      rule->what, rule->max, mkpatch_shown(s), s);
	if (text_has_stray(s, rule->kind))
		return mkpatch_refuse(place, -EILSEQ,
				      "its %s has a character that does not belong there: \"%*pE\"",
				      rule->what, mkpatch_shown(s), s);
	return 0;
}

/*
 * Only @abi is sure to be where it is; with another number the name of the
 * patch is out of reach, but the record's own address has the module's name.
 */
static int check_layout(const struct mkpatch_core_patch *patch)
{
	if (!patch) {
		pr_err("patch refused: its record is NULL\n");
		return -EINVAL;
	}
	if (patch->abi != MKPATCH_CORE_ABI) {
		pr_err("patch record %ps refused: made for ABI %u of the core, this is %u\n",
		       patch, patch->abi, MKPATCH_CORE_ABI);
		return -EPROTONOSUPPORT;
	}
	if (patch->patch_size != sizeof(struct mkpatch_core_patch) ||
	    patch->object_size != sizeof(struct mkpatch_core_object) ||
	    patch->func_size != sizeof(struct mkpatch_core_func)) {
		pr_err("patch record %ps refused: records of %u, %u and %u bytes, not %zu, %zu and %zu\n",
		       patch, patch->patch_size, patch->object_size, patch->func_size,
		       sizeof(struct mkpatch_core_patch),
		       sizeof(struct mkpatch_core_object),
		       sizeof(struct mkpatch_core_func));
		return -EPROTO;
	}
	if (!patch->mod) {
		pr_err("patch record %ps refused: its module is NULL\n", patch);
		return -EINVAL;
	}
	return 0;
}

static int check_module(const struct mkpatch_place *place,
			const struct mkpatch_core_patch *patch)
{
	struct module *mod = patch->mod;

	if (!lasting(mod, patch, 1, sizeof(*patch)))
		return mkpatch_refuse(place, -EFAULT,
				      "its record is not in lasting data of the module");
	if (patch->private)
		return mkpatch_refuse(place, -EBUSY, "it is registered already");
	if (mod->state != MODULE_STATE_COMING)
		return mkpatch_refuse(place, -EBADFD,
				      "it is not registered from the module's init function");
	if (!is_livepatch_module(mod))
		return mkpatch_refuse(place, -EMEDIUMTYPE,
				      "the module is not marked by MODULE_INFO(livepatch, \"Y\")");
	return 0;
}

static int check_identity(const struct mkpatch_place *place,
			  const struct mkpatch_core_patch *patch)
{
	const char *running = init_utsname()->release;
	const struct module *mod = patch->mod;
	int err;

	if (patch->flags & ~MKPATCH_CORE_REPLACE)
		return mkpatch_refuse(place, -EOPNOTSUPP, "unknown flags %#x",
				      patch->flags & ~MKPATCH_CORE_REPLACE);
	err = check_text(place, mod, patch->name, &module_rule);
	if (err)
		return err;
	if (strcmp(patch->name, mod->name))
		return mkpatch_refuse(place, -EBADR,
				      "its name \"%*pE\" is not the name of its module",
				      mkpatch_shown(patch->name), patch->name);
	err = check_text(place, mod, patch->version, &version_rule);
	if (err)
		return err;
	err = check_text(place, mod, patch->release, &release_rule);
	if (err)
		return err;
	if (strcmp(patch->release, running))
		return mkpatch_refuse(place, -ENOEXEC, "made for kernel %*pE, this is %s",
				      mkpatch_shown(patch->release), patch->release,
				      running);
	return 0;
}

/* Until its name is known to be one, a record goes by its number. */
static int check_numbered(const struct mkpatch_place *place, const struct module *mod,
			  const char *name, const char *what, unsigned int index)
{
	const char *why;
	int err = text_missing(mod, name, &why);

	if (err)
		return mkpatch_refuse(place, err, "the name of %s record %u is %s", what,
				      index, why);
	return 0;
}

static int check_new_func(const struct mkpatch_place *place, const struct module *mod,
			  const struct mkpatch_core_func *func)
{
	if (!func->new_func)
		return mkpatch_refuse(place, -EFAULT, "its replacement is NULL");
	if (!in_text(mod, func->new_func, func->new_size ?: 1))
		return mkpatch_refuse(place, -ERANGE,
				      "its replacement (%lu bytes) is not inside the text of the module",
				      func->new_size);
	return 0;
}

static int check_func(struct mkpatch_place place, const struct module *mod,
		      const struct mkpatch_core_func *func, unsigned int index)
{
	int err;

	err = check_numbered(&place, mod, func->old_name, "function", index);
	if (err)
		return err;
	place.func = func;
	err = check_text(&place, mod, func->old_name, &func_rule);
	if (err)
		return err;
	err = check_new_func(&place, mod, func);
	if (err)
		return err;
	return func->source ? check_text(&place, mod, func->source, &source_rule) : 0;
}

static int func_cmp(const void *a, const void *b)
{
	const struct mkpatch_core_func *x = *(const struct mkpatch_core_func *const *)a;
	const struct mkpatch_core_func *y = *(const struct mkpatch_core_func *const *)b;
	unsigned long xpos = mkpatch_func_sympos(x);
	unsigned long ypos = mkpatch_func_sympos(y);
	int order = strcmp(x->old_name, y->old_name);

	return order ?: (xpos > ypos) - (xpos < ypos);
}

/*
 * The same function twice would make livepatch add the same kobject twice,
 * which warns with a backtrace and taints the kernel.
 */
static int check_funcs_unique(struct mkpatch_place place,
			      const struct mkpatch_core_object *object)
{
	const struct mkpatch_core_func **sorted;
	unsigned int i;
	int err = 0;

	sorted = kvmalloc_array(object->nr_funcs, sizeof(*sorted), GFP_KERNEL);
	if (!sorted)
		return mkpatch_refuse(&place, -ENOMEM, "no memory to check %u functions",
				      object->nr_funcs);
	for (i = 0; i < object->nr_funcs; i++)
		sorted[i] = &object->funcs[i];
	sort(sorted, object->nr_funcs, sizeof(*sorted), func_cmp, NULL);
	for (i = 1; i < object->nr_funcs && !err; i++) {
		if (func_cmp(&sorted[i - 1], &sorted[i]))
			continue;
		place.func = sorted[i];
		err = mkpatch_refuse(&place, -EEXIST, "it is listed twice");
	}
	kvfree(sorted);
	return err;
}

static bool has_callbacks(const struct mkpatch_core_callbacks *callbacks)
{
	return callbacks->pre_patch || callbacks->post_patch || callbacks->pre_unpatch ||
	       callbacks->post_unpatch;
}

static int check_callbacks(const struct mkpatch_place *place, const struct module *mod,
			   const struct mkpatch_core_callbacks *callbacks)
{
	const struct {
		const char *name;
		const void *func;
	} all[] = {
		{ "pre-patch", callbacks->pre_patch },
		{ "post-patch", callbacks->post_patch },
		{ "pre-unpatch", callbacks->pre_unpatch },
		{ "post-unpatch", callbacks->post_unpatch },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(all); i++) {
		if (all[i].func && !in_text(mod, all[i].func, 1))
			return mkpatch_refuse(place, -ERANGE,
					      "its %s callback is not inside the text of the module",
					      all[i].name);
	}
	return 0;
}

static int check_funcs(const struct mkpatch_place *place, const struct module *mod,
		       const struct mkpatch_core_object *object)
{
	unsigned int i;
	int err;

	if (!object->nr_funcs)
		return has_callbacks(&object->callbacks) ? 0 :
		       mkpatch_refuse(place, -ENODATA, "it has no functions");
	if (!object->funcs)
		return mkpatch_refuse(place, -EFAULT, "its list of functions is NULL");
	if (!lasting(mod, object->funcs, object->nr_funcs, sizeof(*object->funcs)))
		return mkpatch_refuse(place, -EFAULT,
				      "its list of %u functions is not in lasting data of the module",
				      object->nr_funcs);
	for (i = 0; i < object->nr_funcs; i++) {
		err = check_func(*place, mod, &object->funcs[i], i);
		if (err)
			return err;
	}
	return check_funcs_unique(*place, object);
}

static int check_object_name(const struct mkpatch_place *place, const struct module *mod,
			     const char *name)
{
	int err = check_text(place, mod, name, &module_rule);

	if (err)
		return err;
	if (!strcmp(name, "vmlinux"))
		return mkpatch_refuse(place, -EISNAM,
				      "the kernel itself is named by NULL, this would be a module");
	if (strchr(name, '-'))
		return mkpatch_refuse(place, -EILSEQ,
				      "a loaded module has '_' in its name where this has '-'");
	if (!strcmp(name, mod->name))
		return mkpatch_refuse(place, -ELOOP, "the module cannot patch itself");
	return 0;
}

static int check_object(struct mkpatch_place place, const struct module *mod,
			const struct mkpatch_core_object *object, unsigned int index)
{
	int err;

	if (object->name) {
		err = check_numbered(&place, mod, object->name, "object", index);
		if (err)
			return err;
	}
	place.object = mkpatch_object_name(object);
	if (object->name) {
		err = check_object_name(&place, mod, object->name);
		if (err)
			return err;
	}
	err = check_callbacks(&place, mod, &object->callbacks);
	if (err)
		return err;
	return check_funcs(&place, mod, object);
}

/* A patch has a handful of objects, so each is held against those before it. */
static int check_object_unique(struct mkpatch_place place,
			       const struct mkpatch_core_patch *patch, unsigned int index)
{
	unsigned int i;

	place.object = mkpatch_object_name(&patch->objects[index]);
	for (i = 0; i < index; i++) {
		if (!strcmp(mkpatch_object_name(&patch->objects[i]), place.object))
			return mkpatch_refuse(&place, -ENOTUNIQ, "it is listed twice");
	}
	return 0;
}

static int check_objects(const struct mkpatch_place *place,
			 const struct mkpatch_core_patch *patch)
{
	unsigned int i;
	int err;

	if (!patch->nr_objects)
		return mkpatch_refuse(place, -ENODATA, "it has no objects");
	if (!patch->objects)
		return mkpatch_refuse(place, -EFAULT, "its list of objects is NULL");
	if (!lasting(patch->mod, patch->objects, patch->nr_objects,
		     sizeof(*patch->objects)))
		return mkpatch_refuse(place, -EFAULT,
				      "its list of %u objects is not in lasting data of the module",
				      patch->nr_objects);
	for (i = 0; i < patch->nr_objects; i++) {
		err = check_object(*place, patch->mod, &patch->objects[i], i);
		if (err)
			return err;
		err = check_object_unique(*place, patch, i);
		if (err)
			return err;
	}
	return 0;
}

/* A patch has a handful of states, too. */
static int check_state(const struct mkpatch_place *place,
		       const struct mkpatch_core_patch *patch, unsigned int index)
{
	unsigned long id = patch->states[index].id;
	unsigned int i;

	if (!id)
		return mkpatch_refuse(place, -EDOM, "the id of state record %u is 0", index);
	for (i = 0; i < index; i++) {
		if (patch->states[i].id == id)
			return mkpatch_refuse(place, -EDOM, "state %lu is listed twice", id);
	}
	return 0;
}

static int check_states(const struct mkpatch_place *place,
			const struct mkpatch_core_patch *patch)
{
	unsigned int i;
	int err = 0;

	if (!patch->nr_states)
		return 0;
	if (!MKPATCH_HAS_STATES)
		return mkpatch_refuse(place, -EOPNOTSUPP, "this kernel has no livepatch states");
	if (!patch->states ||
	    !lasting(patch->mod, patch->states, patch->nr_states, sizeof(*patch->states)))
		return mkpatch_refuse(place, -EFAULT,
				      "its list of %u states is not in lasting data of the module",
				      patch->nr_states);
	for (i = 0; i < patch->nr_states && !err; i++)
		err = check_state(place, patch, i);
	return err;
}

int mkpatch_check(const struct mkpatch_core_patch *patch)
{
	struct mkpatch_place place = {};
	int err;

	err = check_layout(patch);
	if (err)
		return err;
	place.patch = patch->mod->name;
	err = check_module(&place, patch);
	if (err)
		return err;
	err = check_identity(&place, patch);
	if (err)
		return err;
	err = check_states(&place, patch);
	if (err)
		return err;
	return check_objects(&place, patch);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * From a record to the klp structures, and what they tell about the patch.
 */
#include <linux/compiler.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "compat.h"
#include "core.h"

static size_t count_funcs(const struct mkpatch_core_patch *patch)
{
	size_t count = 0;
	unsigned int i;

	for (i = 0; i < patch->nr_objects; i++)
		count += patch->objects[i].nr_funcs;
	return count;
}

/* The members have the same names and types in both. */
static void fill_callbacks(struct klp_callbacks *to, const struct mkpatch_core_callbacks *from)
{
	to->pre_patch = from->pre_patch;
	to->post_patch = from->post_patch;
	to->pre_unpatch = from->pre_unpatch;
	to->post_unpatch = from->post_unpatch;
}

/* livepatch ends both arrays at an element of zeros, which kvcalloc() left. */
static void fill_klp(struct mkpatch_core_live *live)
{
	const struct mkpatch_core_patch *patch = live->record;
	struct klp_func *func = live->funcs;
	unsigned int i, j;

	for (i = 0; i < patch->nr_objects; i++, func++) {
		const struct mkpatch_core_object *object = &patch->objects[i];

		live->klp.objs[i].name = object->name;
		live->klp.objs[i].funcs = func;
		fill_callbacks(&live->klp.objs[i].callbacks, &object->callbacks);
		for (j = 0; j < object->nr_funcs; j++, func++) {
			func->old_name = object->funcs[j].old_name;
			func->new_func = object->funcs[j].new_func;
			func->old_sympos = object->funcs[j].old_sympos;
		}
	}
}

/* Of these, too, the last is one of zeros. */
static int create_states(struct mkpatch_core_live *live)
{
	const struct mkpatch_core_patch *patch = live->record;
	unsigned int i;

	if (!patch->nr_states)
		return 0;
	live->states = kvcalloc((size_t)patch->nr_states + 1, sizeof(*live->states),
				GFP_KERNEL);
	if (!live->states)
		return -ENOMEM;
	for (i = 0; i < patch->nr_states; i++) {
		live->states[i].id = patch->states[i].id;
		live->states[i].version = patch->states[i].version;
	}
	mkpatch_set_states(&live->klp, live->states);
	return 0;
}

static __printf(3, 4) size_t append(char *buf, size_t size, const char *fmt, ...)
{
	va_list args;
	int len;

	va_start(args, fmt);
	len = vsnprintf(buf, size, fmt, args);
	va_end(args);
	return len;
}

/* Write the listing if there is a buffer, and tell how long it is. */
static size_t render_listing(const struct mkpatch_core_patch *patch, char *buf, size_t size)
{
	const struct mkpatch_core_object *object;
	const struct mkpatch_core_func *func;
	size_t len = 0;

	for (object = patch->objects; object < patch->objects + patch->nr_objects; object++) {
		for (func = object->funcs; func < object->funcs + object->nr_funcs; func++)
			len += append(buf ? buf + len : NULL, buf ? size - len : 0,
				      "%s %s,%lu %lu %lu %s\n",
				      mkpatch_object_name(object), func->old_name,
				      mkpatch_func_sympos(func), func->old_size,
				      func->new_size, func->source ?: "-");
	}
	return len;
}

static int create_listing(struct mkpatch_core_live *live)
{
	size_t len = render_listing(live->record, NULL, 0);

	live->listing = kvmalloc(len + 1, GFP_KERNEL);
	if (!live->listing)
		return -ENOMEM;
	live->listing_len = render_listing(live->record, live->listing, len + 1);
	return 0;
}

struct mkpatch_core_live *mkpatch_live_create(const struct mkpatch_core_patch *patch)
{
	struct mkpatch_core_live *live = kzalloc(sizeof(*live), GFP_KERNEL);

	if (!live)
		return NULL;
	live->record = patch;
	live->klp.mod = patch->mod;
	live->klp.replace = patch->flags & MKPATCH_CORE_REPLACE;
	live->klp.objs = kvcalloc((size_t)patch->nr_objects + 1, sizeof(*live->klp.objs),
				  GFP_KERNEL);
	live->funcs = kvcalloc(count_funcs(patch) + patch->nr_objects, sizeof(*live->funcs),
			       GFP_KERNEL);
	if (!live->klp.objs || !live->funcs || create_listing(live) || create_states(live)) {
		mkpatch_live_destroy(live);
		return NULL;
	}
	fill_klp(live);
	return live;
}

void mkpatch_live_destroy(struct mkpatch_core_live *live)
{
	if (!live)
		return;
	kvfree(live->listing);
	kvfree(live->states);
	kvfree(live->funcs);
	kvfree(live->klp.objs);
	kfree(live);
}

/*
 * Which patch is in transition is a private variable of livepatch, but
 * klp_init_transition() sets klp_func.transition of every function of that one
 * patch, whether its object is loaded or not, and klp_complete_transition()
 * clears it (kernel/livepatch/transition.c, v5.1 to v6.12).
 */
static bool in_transition(const struct mkpatch_core_live *live)
{
	const struct klp_object *object;
	const struct klp_func *func;

	for (object = live->klp.objs; object->funcs; object++) {
		for (func = object->funcs; func->old_name; func++) {
			if (READ_ONCE(func->transition))
				return true;
		}
	}
	return false;
}

const char *mkpatch_live_state(const struct mkpatch_core_live *live)
{
	if (in_transition(live))
		return "transition";
	return READ_ONCE(live->klp.enabled) ? "enabled" : "disabled";
}

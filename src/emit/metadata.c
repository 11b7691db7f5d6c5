// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Keys begin with "mkpatch_". Nothing here depends on where or when the patch
 * was made: files are named without their directories, and known by the hash of
 * their content.
 */
#include "emit/metadata.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "image/image.h"

/* Release, build-id, unloading. */
#define NR_FIXED 3

/* The lines as they are made. */
struct lines {
	struct mkp_arena *arena;
	struct mkp_module_info *line;
	size_t count;
};

size_t mkp_metadata_count(const struct mkp_metadata *metadata)
{
	size_t count = NR_FIXED + metadata->nr_fixes + metadata->nr_sources +
		       metadata->module->nr_shadows;

	/* Two inputs each. */
	for (size_t i = 0; i < metadata->nr_parts; i++)
		count += 2 + metadata->parts[i].report->nr_overrides;
	return count;
}

static struct mkp_error *add(struct lines *lines, const char *key, const char *value)
{
	if (!value)
		return mkp_error_nomem();
	lines->line[lines->count++] = (struct mkp_module_info){ key, value };
	return NULL;
}

static struct mkp_error *add_build_id(struct lines *lines,
				      const struct mkp_object *vmlinux)
{
	size_t size = 0;
	const uint8_t *id = vmlinux ? mkp_build_id_find(vmlinux, &size) : NULL;
	char *text;

	if (!id)
		return NULL;
	text = mkp_arena_alloc(lines->arena, 2 * size + 1);
	for (size_t i = 0; text && i < size; i++)
		snprintf(text + 2 * i, 3, "%02x", id[i]);
	return add(lines, "mkpatch_build_id", text);
}

/* Code and data with their relocations; debug data has paths of one machine. */
static void hash_section(XXH3_state_t *state, const struct mkp_object *object,
			 const struct mkp_section *section)
{
	XXH3_128bits_update(state, section->name, strlen(section->name) + 1);
	if (section->data)
		XXH3_128bits_update(state, section->data, section->size);
	for (uint32_t i = 0; i < section->nr_relocs; i++) {
		const struct mkp_reloc *reloc = &object->relocs[section->first_reloc + i];
		const char *name = object->symbols[reloc->symbol].name;
		const uint64_t numbers[] = { reloc->offset, (uint64_t)reloc->addend,
					     reloc->type };

		XXH3_128bits_update(state, numbers, sizeof(numbers));
		XXH3_128bits_update(state, name, strlen(name) + 1);
	}
}

/* "ROLE NAME xxh128:HASH" */
static struct mkp_error *add_input(struct lines *lines, const char *role,
				   const struct mkp_object *object)
{
	XXH3_state_t *state = XXH3_createState();
	const char *slash = strrchr(object->path, '/');
	XXH128_hash_t hash;

	if (!state)
		return mkp_error_nomem();
	XXH3_128bits_reset(state);
	for (uint32_t i = 1; i < object->nr_sections; i++)
		if (object->sections[i].flags & SHF_ALLOC)
			hash_section(state, object, &object->sections[i]);
	hash = XXH3_128bits_digest(state);
	XXH3_freeState(state);
	return add(lines, "mkpatch_input",
		   mkp_arena_printf(lines->arena,
				    "%s %s xxh128:%016" PRIx64 "%016" PRIx64, role,
				    slash ? slash + 1 : object->path,
				    (uint64_t)hash.high64, (uint64_t)hash.low64));
}

/*
 * A patch that is disabled leaves nothing behind, unless it set something up
 * that outlives it: shadow variables, or what a callback did that no callback
 * undoes.
 */
static const char *unloading(const struct mkp_module *module)
{
	bool set_up = false, undone = false;

	for (size_t i = 0; i < module->nr_objects; i++) {
		const char *const *callbacks = module->objects[i].callbacks;

		set_up |= callbacks[MKP_AUTHOR_PRE_PATCH] ||
			  callbacks[MKP_AUTHOR_POST_PATCH];
		undone |= callbacks[MKP_AUTHOR_PRE_UNPATCH] ||
			  callbacks[MKP_AUTHOR_POST_UNPATCH];
	}
	if (module->nr_shadows && !undone)
		return "leaves shadow variables";
	if (set_up && !undone)
		return "leaves what its callbacks did";
	return "clean";
}

static struct mkp_error *add_inputs(struct lines *lines, const struct mkp_emit_part *part)
{
	const struct mkp_diff *diff = part->selection->diff;
	struct mkp_error *error = add_input(lines, "original", diff->orig->object);

	return error ? error : add_input(lines, "patched", diff->patched->object);
}

static struct mkp_error *add_overrides(struct lines *lines,
				       const struct mkp_report *report)
{
	struct mkp_error *error = NULL;

	for (size_t i = 0; i < report->nr_overrides && !error; i++)
		error = add(lines, "mkpatch_override",
			    mkp_arena_printf(lines->arena, "%s: %s",
					     report->overrides[i].origin,
					     report->overrides[i].rule));
	return error;
}

/* "ID SIZE NAME": nothing else in the module has it. */
static struct mkp_error *add_shadow(struct lines *lines,
				    const struct mkp_module_number *shadow)
{
	return add(lines, "mkpatch_shadow",
		   mkp_arena_printf(lines->arena, "%#" PRIx64 " %" PRIu64 " %s",
				    shadow->id, shadow->value, shadow->name));
}

struct mkp_error *mkp_metadata_fill(const struct mkp_metadata *metadata,
				    struct mkp_arena *arena,
				    struct mkp_module_info *lines, size_t *ret_count)
{
	struct lines out = { .arena = arena, .line = lines };
	struct mkp_error *error = NULL;

	if (metadata->module->release)
		error = add(&out, "mkpatch_release", metadata->module->release);
	if (!error)
		error = add_build_id(&out, metadata->vmlinux);
	for (size_t i = 0; i < metadata->nr_parts && !error; i++)
		error = add_inputs(&out, &metadata->parts[i]);
	for (size_t i = 0; i < metadata->nr_fixes && !error; i++)
		error = add(&out, "mkpatch_fix", metadata->fixes[i]);
	for (size_t i = 0; i < metadata->nr_sources && !error; i++)
		error = add(&out, "mkpatch_patch", metadata->sources[i]);
	for (size_t i = 0; i < metadata->module->nr_shadows && !error; i++)
		error = add_shadow(&out, &metadata->module->shadows[i]);
	for (size_t i = 0; i < metadata->nr_parts && !error; i++)
		error = add_overrides(&out, metadata->parts[i].report);
	if (!error)
		error = add(&out, "mkpatch_unload", unloading(metadata->module));
	*ret_count = out.count;
	return error;
}

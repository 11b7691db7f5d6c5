// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who replaces what, in the words of whoever made the module. Each tool has its own:
 *
 *   struct klp_patch      {mod, objs, ...} in data, with arrays of struct klp_object and
 *                         struct klp_func (include/linux/livepatch.h): what a person
 *                         writes, and `mkpatch --standalone`
 *   mkpatch_core_patch    the records of include/mkpatch/core_abi.h
 *   .kpatch.funcs         kpatch's table, of which its hook makes the structures, and
 *                         .kpatch.callbacks.KIND (kmod/patch/kpatch.lds.S)
 *   .init.klp_objects     klp-build's (include/linux/livepatch_external.h, v6.19); its
 *                         first versions called the section __klp_objects
 *
 * The size of the kernel's structures depends on its configuration, but only their first
 * members are initialised. So the arrays are read by their relocations: a function is a
 * pointer to a string, then one to code; an array's size over the number of its elements
 * gives the distance between them, and the last element of all is empty.
 */
#include <string.h>

#include "base/array.h"
#include "mkpatch/core_abi.h"
#include "verify/private.h"

/* A pointer in data: where it leads; false: it is no pointer into the module. */
static bool follow(const struct mkp_verify *verify, uint32_t section, uint64_t offset,
		   struct mkp_verify_place *ret_place)
{
	const struct mkp_verify_reloc *reloc = mkp_verify_reloc_at(verify, section,
								   offset);

	return reloc && mkp_verify_target(verify, reloc, ret_place);
}

static const char *follow_string(const struct mkp_verify *verify, uint32_t section,
				 uint64_t offset)
{
	struct mkp_verify_place place;

	if (!follow(verify, section, offset, &place))
		return NULL;
	return mkp_verify_string(verify->object, &place);
}

static uint64_t number_at(const struct mkp_verify *verify, uint32_t section,
			  uint64_t offset, unsigned int width)
{
	const struct mkp_section *data = &verify->object->sections[section];

	if (!data->data || offset > data->size || width > data->size - offset)
		return 0;
	return mkp_verify_word(verify->object, data->data + offset, width);
}

static struct mkp_error *add_function(struct mkp_verify *verify,
				      const struct mkp_verify_function *function)
{
	struct mkp_error *error = mkp_array_reserve(
		&verify->functions, &verify->cap_functions, verify->nr_functions + 1,
		sizeof(*function));

	if (error)
		return error;
	verify->functions[verify->nr_functions] = *function;
	verify->functions[verify->nr_functions++].image_symbol = -1;
	return NULL;
}

static struct mkp_error *add_callback(struct mkp_verify *verify,
				      const struct mkp_verify_place *code,
				      unsigned int kind, const char *object)
{
	struct mkp_error *error = mkp_array_reserve(
		&verify->callbacks, &verify->cap_callbacks, verify->nr_callbacks + 1,
		sizeof(*verify->callbacks));

	if (!error)
		verify->callbacks[verify->nr_callbacks++] =
			(struct mkp_verify_callback){ object, kind, *code };
	return error;
}

/* Four pointers one behind the other, each of which may be NULL. */
static struct mkp_error *add_callbacks(struct mkp_verify *verify, uint32_t section,
				       uint64_t at, const char *object)
{
	struct mkp_error *error = NULL;

	for (unsigned int kind = 0; kind < MKP_VERIFY_NR_CALLBACKS && !error; kind++) {
		struct mkp_verify_place code;

		if (follow(verify, section, at + 8 * kind, &code))
			error = add_callback(verify, &code, kind, object);
	}
	return error;
}

static struct mkp_error *add_state(struct mkp_verify *verify, uint32_t section,
				   uint64_t at)
{
	struct mkp_error *error = mkp_array_reserve(&verify->states, &verify->cap_states,
						    verify->nr_states + 1,
						    sizeof(*verify->states));

	if (!error)
		verify->states[verify->nr_states++] = (struct mkp_verify_state){
			number_at(verify, section, at, 8),
			number_at(verify, section, at + 8, 4),
		};
	return error;
}

static struct mkp_error *bad_record(struct mkp_verify *verify, uint32_t section,
				    uint64_t offset, const char *why)
{
	return mkp_verify_add(verify->report, MKP_VERIFY_RECORD,
			      verify->object->sections[section].name,
			      "record at 0x%llx: %s", (unsigned long long)offset, why);
}

/* The data object that begins at @place: how many bytes it has; 0: there is none. */
static uint64_t object_size(const struct mkp_verify *verify,
			    const struct mkp_verify_place *place)
{
	uint32_t symbol = mkp_verify_map_at(&verify->data, place);

	return symbol ? verify->object->symbols[symbol].size : 0;
}

/* Where a member of a record of core_abi.h is: a 64-bit kernel's are like ours. */
#define AT(record, member) offsetof(struct mkpatch_core_##record, member)

/* A record of a function: name, new code and position at these distances from `at`. */
struct layout {
	unsigned int name, code, position;
	int old_size, new_size, source, object; /* -1: there is none */
};

static const struct layout klp_func = { 0, 8, 16, -1, -1, -1, -1 };
static const struct layout core_func = {
	AT(func, old_name),
	AT(func, new_func),
	AT(func, old_sympos),
	AT(func, old_size),
	AT(func, new_size),
	AT(func, source),
	-1,
};
static const struct layout kpatch_func = { 40, 0, 32, 24, 8, -1, 48 };

static struct mkp_error *read_function(struct mkp_verify *verify, uint32_t section,
				       uint64_t at, const struct layout *layout,
				       const char *object)
{
	struct mkp_verify_function function = {
		.object = object,
		.name = follow_string(verify, section, at + layout->name),
		.position = number_at(verify, section, at + layout->position, 8),
	};

	if (layout->old_size >= 0)
		function.old_size = number_at(verify, section, at + layout->old_size, 8);
	if (layout->new_size >= 0)
		function.new_size = number_at(verify, section, at + layout->new_size, 8);
	if (layout->source >= 0)
		function.source = follow_string(verify, section, at + layout->source);
	if (layout->object >= 0) {
		function.object = follow_string(verify, section, at + layout->object);
		if (!function.object)
			return bad_record(verify, section, at, "no name of an object");
		if (!strcmp(function.object, "vmlinux"))
			function.object = NULL;
	}
	if (!function.name || !*function.name)
		return bad_record(verify, section, at, "no name of a function");
	if (!follow(verify, section, at + layout->code, &function.code))
		return bad_record(verify, section, at, "no new function");
	return add_function(verify, &function);
}

/* `count` records, `stride` bytes apart. */
static struct mkp_error *read_functions(struct mkp_verify *verify,
					const struct mkp_verify_place *place,
					uint64_t count, uint64_t stride,
					const struct layout *layout, const char *object)
{
	struct mkp_error *error = NULL;
	uint64_t size = verify->object->sections[place->section].size - place->offset;

	if (!count || !stride || count > size / stride)
		return bad_record(verify, place->section, place->offset,
				  "its functions do not fit in the section");
	for (uint64_t i = 0; i < count && !error; i++)
		error = read_function(verify, place->section, place->offset + i * stride,
				      layout, object);
	return error;
}

/* How many relocations of data an array has, and with @code only those that lead to code.
 */
static uint64_t count_pointers(const struct mkp_verify *verify,
			       const struct mkp_verify_place *place, uint64_t size,
			       bool code)
{
	uint64_t count = 0;
	size_t i = mkp_verify_reloc_from(verify, place->section, place->offset);

	for (; i < verify->first_reloc[place->section + 1] &&
	       verify->relocs[i].raw.offset < place->offset + size;
	     i++) {
		struct mkp_verify_place target;
		const struct mkp_section *section;

		if (!mkp_verify_target(verify, &verify->relocs[i], &target))
			continue;
		section = &verify->object->sections[target.section];
		/* Data that is no string: the pointer of an object to its functions. */
		count += code ? !!(section->flags & SHF_EXECINSTR)
			      : !(section->flags & (SHF_EXECINSTR | SHF_STRINGS)) &&
					 (section->flags & SHF_WRITE);
	}
	return count;
}

static bool has_pointers(const struct mkp_verify *verify,
			 const struct mkp_verify_place *place, uint64_t size)
{
	size_t i = mkp_verify_reloc_from(verify, place->section, place->offset);

	return i < verify->first_reloc[place->section + 1] &&
	       verify->relocs[i].raw.offset - place->offset < size;
}

/* struct klp_func[], of which the last is empty. */
static struct mkp_error *read_klp_funcs(struct mkp_verify *verify,
					const struct mkp_verify_place *place,
					const char *object)
{
	uint64_t size = object_size(verify, place);
	uint64_t count = count_pointers(verify, place, size, true);

	/* An object can have callbacks alone: then there is nothing but the empty one. */
	if (size && !count && !has_pointers(verify, place, size))
		return NULL;
	if (!count || size % (count + 1))
		return bad_record(verify, place->section, place->offset,
				  "no array of struct klp_func");
	return read_functions(verify, place, count, size / (count + 1), &klp_func,
			      object);
}

/* struct klp_object[], of which the last is empty: name (NULL for vmlinux), functions. */
static struct mkp_error *read_klp_objects(struct mkp_verify *verify,
					  const struct mkp_verify_place *place)
{
	uint64_t size = object_size(verify, place);
	uint64_t count = count_pointers(verify, place, size, false);
	struct mkp_error *error = NULL;

	if (!count || size % (count + 1))
		return bad_record(verify, place->section, place->offset,
				  "no array of struct klp_object");
	for (uint64_t i = 0; i < count && !error; i++) {
		uint64_t at = place->offset + i * (size / (count + 1));
		const char *name = follow_string(verify, place->section, at);
		struct mkp_verify_place functions;

		error = add_callbacks(verify, place->section, at + 16, name);
		if (!error && follow(verify, place->section, at + 8, &functions))
			error = read_klp_funcs(verify, &functions, name);
		else if (!error)
			error = bad_record(verify, place->section, at, "no functions");
	}
	return error;
}

/* struct klp_state[], of which the last has the id 0: {id, version, data}. */
static struct mkp_error *read_klp_states(struct mkp_verify *verify,
					 const struct mkp_verify_place *place)
{
	const uint64_t end = place->offset + object_size(verify, place);
	struct mkp_error *error = NULL;

	for (uint64_t at = place->offset; at + 24 <= end && !error; at += 24)
		if (number_at(verify, place->section, at, 8))
			error = add_state(verify, place->section, at);
	return error;
}

/* Functions, callbacks, or both. */
static struct mkp_error *read_core_object(struct mkp_verify *verify,
					  const struct mkp_verify_place *place)
{
	const struct mkp_verify_place callbacks = {
		place->section, place->offset + AT(object, callbacks)
	};
	uint64_t count = number_at(verify, place->section,
				   place->offset + AT(object, nr_funcs), 4);
	const char *name = follow_string(verify, place->section,
					 place->offset + AT(object, name));
	struct mkp_verify_place functions;
	struct mkp_error *error = add_callbacks(verify, callbacks.section,
						callbacks.offset, name);

	if (error)
		return error;
	if (!count &&
	    has_pointers(verify, &callbacks, sizeof(struct mkpatch_core_callbacks)))
		return NULL;
	if (!follow(verify, place->section, place->offset + AT(object, funcs),
		    &functions))
		return bad_record(verify, place->section, place->offset, "no functions");
	return read_functions(verify, &functions, count, sizeof(struct mkpatch_core_func),
			      &core_func, name);
}

/* The flags and the states of a record at @at. */
static struct mkp_error *read_core_states(struct mkp_verify *verify, uint32_t section,
					  uint64_t at)
{
	uint64_t count = number_at(verify, section, at + AT(patch, nr_states), 4);
	struct mkp_error *error = NULL;
	struct mkp_verify_place states;
	uint64_t size;

	verify->replace = number_at(verify, section, at + AT(patch, flags), 4) &
			  MKPATCH_CORE_REPLACE;
	if (!count)
		return NULL;
	if (!follow(verify, section, at + AT(patch, states), &states))
		return bad_record(verify, section, at, "no states");
	size = verify->object->sections[states.section].size - states.offset;
	if (count > size / sizeof(struct mkpatch_core_state))
		return bad_record(verify, section, at,
				  "its states do not fit in the section");
	for (uint64_t i = 0; i < count && !error; i++)
		error = add_state(verify, states.section,
				  states.offset + i * sizeof(struct mkpatch_core_state));
	return error;
}

/* mkpatch_core_patch: its member `mod` is at @offset. */
static struct mkp_error *read_core_patch(struct mkp_verify *verify, uint32_t section,
					 uint64_t offset)
{
	const uint64_t at = offset - AT(patch, mod);
	const uint64_t stride = number_at(verify, section, at + AT(patch, object_size),
					  4);
	const uint64_t size = number_at(verify, section, at + AT(patch, func_size), 4);
	uint64_t count = number_at(verify, section, at + AT(patch, nr_objects), 4);
	const char *name = follow_string(verify, section, at + AT(patch, name));
	const char *release = follow_string(verify, section, at + AT(patch, release));
	struct mkp_verify_place objects;
	struct mkp_error *error = NULL;

	verify->report->flavour = "mkpatch_core";
	if (!name || !verify->report->name || strcmp(name, verify->report->name))
		error = mkp_verify_add(verify->report, MKP_VERIFY_MODULE_NAME, name,
				       "the patch record has another name");
	if (!error && verify->nr_images &&
	    (!release || !verify->images[0]->release ||
	     strcmp(release, verify->images[0]->release) != 0))
		error = mkp_verify_add(verify->report, MKP_VERIFY_TARGET, release,
				       "the patch record is for another release");
	if (error)
		return error;
	if (!follow(verify, section, at + AT(patch, objects), &objects) || !count ||
	    stride != sizeof(struct mkpatch_core_object) ||
	    size != sizeof(struct mkpatch_core_func) ||
	    count > (verify->object->sections[objects.section].size - objects.offset) /
			    stride)
		return bad_record(verify, section, at, "no objects");
	error = read_core_states(verify, section, at);
	for (uint64_t i = 0; i < count && !error; i++)
		error = read_core_object(
			verify, &(struct mkp_verify_place){
					objects.section, objects.offset + i * stride });
	return error;
}

/* Whether the record around `mod` at @offset is one of core_abi.h. */
static bool is_core_patch(const struct mkp_verify *verify, uint32_t section,
			  uint64_t offset)
{
	const uint64_t at = offset - AT(patch, mod);

	return offset >= AT(patch, mod) &&
	       number_at(verify, section, at + AT(patch, abi), 4) == MKPATCH_CORE_ABI &&
	       number_at(verify, section, at + AT(patch, patch_size), 4) ==
		       sizeof(struct mkpatch_core_patch) &&
	       mkp_verify_reloc_at(verify, section, at + AT(patch, name));
}

/* Whether the module is for a kernel before this version, by its vermagic. */
static bool is_before(const struct mkp_verify *verify, unsigned int major,
		      unsigned int minor)
{
	const char *magic = mkp_verify_modinfo(verify->object, "vermagic=", NULL);
	unsigned int x, y;

	return magic && sscanf(magic, "%u.%u", &x, &y) == 2 && x <= major &&
	       (x < major || y < minor);
}

/* struct klp_patch: {mod, objs, states, replace}, before v5.5 without states. */
static struct mkp_error *read_patch(struct mkp_verify *verify, uint32_t section,
				    uint64_t offset)
{
	const bool has_states = !is_before(verify, 5, 5);
	struct mkp_verify_place objects, states;
	struct mkp_error *error = NULL;

	if (is_core_patch(verify, section, offset))
		return read_core_patch(verify, section, offset);
	if (!follow(verify, section, offset + 8, &objects) ||
	    !(verify->object->sections[objects.section].flags & SHF_WRITE))
		return NULL;
	verify->report->flavour = "klp_patch";
	verify->replace = number_at(verify, section, offset + (has_states ? 24 : 16), 1);
	if (has_states && follow(verify, section, offset + 16, &states))
		error = read_klp_states(verify, &states);
	return error ? error : read_klp_objects(verify, &objects);
}

/* Whatever patch there is, it has a pointer to __this_module in data. */
static struct mkp_error *find_patches(struct mkp_verify *verify)
{
	const struct mkp_object *object = verify->object;
	struct mkp_error *error = NULL;
	size_t count;

	for (uint32_t i = 1; i < object->nr_sections && !error; i++) {
		const struct mkp_verify_reloc *relocs = mkp_verify_relocs_of(verify, i,
									     &count);

		if (object->sections[i].flags & SHF_EXECINSTR ||
		    !(object->sections[i].flags & SHF_WRITE))
			continue;
		for (size_t k = 0; k < count && !error; k++)
			if (!strcmp(object->symbols[relocs[k].raw.symbol].name,
				    "__this_module") &&
			    !relocs[k].raw.addend)
				error = read_patch(verify, i, relocs[k].raw.offset);
	}
	return error;
}

/* ---- the tables of other tools ---- */

/* {function, name of the object}; the linker script ends each table by 8 bytes of zeros,
 * so that none is empty. */
static struct mkp_error *read_kpatch_callbacks(struct mkp_verify *verify,
					       unsigned int kind)
{
	static const char *const names[MKP_VERIFY_NR_CALLBACKS] = {
		".kpatch.callbacks.pre_patch",
		".kpatch.callbacks.post_patch",
		".kpatch.callbacks.pre_unpatch",
		".kpatch.callbacks.post_unpatch",
	};
	uint32_t section = mkp_object_find_section(verify->object, names[kind]);
	uint64_t size = verify->object->sections[section].size;
	struct mkp_error *error = NULL;

	for (uint64_t at = 0; section && at + 16 <= size && !error; at += 16) {
		struct mkp_verify_place code;
		const char *name = follow_string(verify, section, at + 8);

		if (!name || !follow(verify, section, at, &code))
			return bad_record(verify, section, at, "no callback");
		error = add_callback(verify, &code, kind,
				     strcmp(name, "vmlinux") ? name : NULL);
	}
	return error;
}

static struct mkp_error *read_kpatch(struct mkp_verify *verify, uint32_t section)
{
	const struct mkp_verify_place place = { section, 0 };
	uint64_t size = verify->object->sections[section].size;
	struct mkp_error *error;

	verify->report->flavour = "kpatch";
	if (size % 56)
		return bad_record(verify, section, 0, "no table of 56-byte records");
	error = read_functions(verify, &place, size / 56, 56, &kpatch_func, NULL);
	for (unsigned int kind = 0; kind < MKP_VERIFY_NR_CALLBACKS && !error; kind++)
		error = read_kpatch_callbacks(verify, kind);
	return error;
}

static struct mkp_error *read_klp_build(struct mkp_verify *verify, uint32_t section)
{
	uint64_t size = verify->object->sections[section].size;
	struct mkp_error *error = NULL;

	verify->report->flavour = "klp-build";
	if (size % 64)
		return bad_record(verify, section, 0, "no table of 64-byte records");
	for (uint64_t at = 0; at < size && !error; at += 64) {
		struct mkp_verify_place functions;
		const char *name = follow_string(verify, section, at);

		if (name && !strcmp(name, "vmlinux"))
			name = NULL;
		error = add_callbacks(verify, section, at + 16, name);
		if (error)
			return error;
		if (follow(verify, section, at + 8, &functions))
			error = read_functions(verify, &functions,
					       number_at(verify, section, at + 56, 4), 24,
					       &klp_func, name);
		else
			error = bad_record(verify, section, at, "no functions");
	}
	return error;
}

struct mkp_error *mkp_verify_pass_records(struct mkp_verify *verify)
{
	uint32_t kpatch = mkp_object_find_section(verify->object, ".kpatch.funcs");
	uint32_t built = mkp_object_find_section(verify->object, ".init.klp_objects");
	struct mkp_error *error;

	if (!built)
		built = mkp_object_find_section(verify->object, "__klp_objects");
	if (kpatch)
		error = read_kpatch(verify, kpatch);
	else if (built)
		error = read_klp_build(verify, built);
	else
		error = find_patches(verify);
	if (!error && !verify->report->flavour)
		error = mkp_verify_add(verify->report, MKP_VERIFY_NO_PATCH, NULL,
				       "nothing says what is replaced");
	return error;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From references with intermediate names to livepatch relocations.
 *
 * The module is written anew from its sections as they are. No index changes: renamed
 * symbols keep their place, a relocation section from which everything has moved gives
 * its place to the one that it moved to, and any more sections come last. So nothing else
 * has to be touched, debug information least of all.
 */
#include "emit/finalize.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/array.h"
#include "elf/order.h"
#include "elf/output.h"
#include "elf/writer.h"

/* What scripts/sign-file appends: include/linux/module_signature.h. */
#define SIGNATURE_MARK "~Module signature appended~\n"

/* A symbol with an intermediate name. */
struct target {
	struct mkp_klp_name name;
	uint32_t symbol;
	uint32_t object; /* equal for equal name.object, ascending in the targets */
};

/* A relocation on its way from one section to another. */
struct moved {
	const struct target *target;
	uint32_t order; /* in the section where it was */
	Elf64_Rela raw;
};

struct finalize {
	const struct mkp_object *object;
	struct mkp_arena arena; /* new contents and names */
	struct target *targets; /* owned; sorted by object, then symbol */
	size_t nr_targets;
	size_t targets_capacity;
	uint32_t *target_of; /* owned; [symbols] 1 + its target, 0: none */
	struct mkp_output_section *sections; /* owned */
	size_t nr_sections;
	size_t sections_capacity;
	uint64_t nr_moved;
};

static bool is_signed(const struct mkp_object *object)
{
	const size_t size = strlen(SIGNATURE_MARK);

	return object->image_size >= size &&
	       !memcmp(object->image + object->image_size - size, SIGNATURE_MARK, size);
}

static struct mkp_error *check_module(const struct mkp_object *object)
{
	uint32_t modinfo = mkp_object_find_section(object, ".modinfo");

	if (object->type != ET_REL || !object->symtab || !object->sections[modinfo].data)
		return mkp_error_create(MKP_ERROR_FORMAT, "%s: not a kernel module",
					object->path);
	if (is_signed(object))
		return mkp_error_create(
			MKP_ERROR_UNSUPPORTED,
			"%s: signed already; a module is finalized first, "
			"then signed",
			object->path);
	if (object->sections[object->symtab].link == object->shstrtab)
		return mkp_error_create(MKP_ERROR_UNSUPPORTED,
					"%s: sections and symbols share a string table",
					object->path);
	return NULL;
}

/* Whether .modinfo has an entry that starts with @key ("livepatch="). */
static bool has_modinfo(const struct mkp_object *object, const char *key)
{
	const struct mkp_section *section =
		&object->sections[mkp_object_find_section(object, ".modinfo")];
	size_t length = strlen(key);

	for (uint64_t at = 0; at + length <= section->size;) {
		const uint8_t *nul;

		if (!memcmp(section->data + at, key, length))
			return true;
		nul = memchr(section->data + at, 0, section->size - at);
		if (!nul)
			break;
		at = (uint64_t)(nul - section->data) + 1;
	}
	return false;
}

static bool has_livepatch_relocs(const struct mkp_object *object)
{
	for (uint32_t i = 1; i < object->nr_sections; i++)
		if (object->sections[i].type == SHT_RELA &&
		    object->sections[i].flags & SHF_RELA_LIVEPATCH)
			return true;
	return false;
}

static struct mkp_error *add_target(struct finalize *finalize, uint32_t symbol)
{
	const struct mkp_object *object = finalize->object;
	struct target target = { .symbol = symbol };
	struct mkp_error *error;

	if (object->symbols[symbol].section != MKP_SHN_UNDEF)
		return mkp_error_create(MKP_ERROR_FORMAT,
					"%s: symbol %" PRIu32
					" is a livepatch reference, and yet defined",
					object->path, symbol);
	error = mkp_array_reserve(&finalize->targets, &finalize->targets_capacity,
				  finalize->nr_targets + 1, sizeof(*finalize->targets));
	if (error)
		return error;
	error = mkp_klp_name_parse(object->symbols[symbol].name, &target.name);
	if (error)
		return mkp_error_wrap(error, "%s", object->path);
	finalize->targets[finalize->nr_targets++] = target;
	return NULL;
}

static int compare_targets(const void *a, const void *b)
{
	const struct target *x = a, *y = b;
	int order = strcmp(x->name.object, y->name.object);

	return order ? order : (x->symbol > y->symbol) - (x->symbol < y->symbol);
}

static struct mkp_error *find_targets(struct finalize *finalize)
{
	const struct mkp_object *object = finalize->object;
	struct mkp_error *error;

	error = mkp_array_create(object->nr_symbols, sizeof(*finalize->target_of),
				 &finalize->target_of);
	for (uint32_t i = object->first_global; !error && i < object->nr_symbols; i++)
		if (!strncmp(object->symbols[i].name, MKP_KLP_PREFIX,
			     strlen(MKP_KLP_PREFIX)))
			error = add_target(finalize, i);
	if (error || !finalize->nr_targets)
		return error;
	qsort(finalize->targets, finalize->nr_targets, sizeof(*finalize->targets),
	      compare_targets);
	for (size_t i = 0; i < finalize->nr_targets; i++) {
		struct target *target = &finalize->targets[i];

		finalize->target_of[target->symbol] = (uint32_t)i + 1;
		if (i)
			target->object = target[-1].object +
					 !!strcmp(target->name.object,
						  target[-1].name.object);
	}
	return NULL;
}

static struct mkp_error *copy_sections(struct finalize *finalize)
{
	const struct mkp_object *object = finalize->object;
	struct mkp_error *error;

	error = mkp_array_reserve(&finalize->sections, &finalize->sections_capacity,
				  object->nr_sections, sizeof(*finalize->sections));
	if (error)
		return error;
	finalize->nr_sections = object->nr_sections;
	for (uint32_t i = 0; i < object->nr_sections; i++) {
		const struct mkp_section *from = &object->sections[i];

		finalize->sections[i] = (struct mkp_output_section){
			.name = from->name,
			.header = { .sh_type = from->type,
				    .sh_flags = from->flags,
				    .sh_addr = from->address,
				    .sh_size = from->size,
				    .sh_link = from->link,
				    .sh_info = from->info,
				    .sh_addralign = from->align,
				    .sh_entsize = from->entsize },
			.data = from->data,
		};
	}
	return NULL;
}

/* The contents of a section, to be changed. */
static struct mkp_error *copy_data(struct finalize *finalize, uint32_t index,
				   size_t extra, uint8_t **ret_data)
{
	struct mkp_output_section *section = &finalize->sections[index];
	size_t size = section->header.sh_size;
	uint8_t *data = mkp_arena_alloc(&finalize->arena, size + extra);

	if (!data)
		return mkp_error_nomem();
	if (size)
		memcpy(data, section->data, size);
	section->data = data;
	section->header.sh_size = size + extra;
	*ret_data = data;
	return NULL;
}

/* The final name of a symbol: Documentation/livepatch/module-elf-format.rst, section 4.
 */
static int write_name(FILE *stream, const struct mkp_klp_name *name)
{
	return fprintf(stream, ".klp.sym.%s.%s,%" PRIu64 "%c", name->provider,
		       name->symbol, name->position, '\0');
}

/* Final names go behind the old ones, in the order of the targets. */
static struct mkp_error *add_names(struct finalize *finalize, uint32_t strtab,
				   uint32_t *offsets)
{
	size_t old = finalize->sections[strtab].header.sh_size, size;
	MKP_CLEANUP_FREE char *names = NULL;
	FILE *stream = open_memstream(&names, &size);
	struct mkp_error *error;
	uint8_t *data;
	bool failed;

	if (!stream)
		return mkp_error_nomem();
	for (size_t i = 0; i < finalize->nr_targets; i++) {
		offsets[i] = (uint32_t)(old + (size_t)ftell(stream));
		write_name(stream, &finalize->targets[i].name);
	}
	failed = ferror(stream);
	if (fclose(stream) || failed)
		return mkp_error_nomem();
	error = copy_data(finalize, strtab, size, &data);
	if (!error)
		memcpy(data + old, names, size);
	return error;
}

static void rename_symbol(const struct mkp_object *object, uint8_t *data, uint32_t name)
{
	Elf64_Sym raw;

	memcpy(&raw, data, sizeof(raw));
	raw.st_name = mkp_object_get32(object, name);
	raw.st_info = (unsigned char)ELF64_ST_INFO(STB_GLOBAL,
						   ELF64_ST_TYPE(raw.st_info));
	raw.st_shndx = mkp_object_get16(object, SHN_LIVEPATCH);
	memcpy(data, &raw, sizeof(raw));
}

static struct mkp_error *rename_symbols(struct finalize *finalize)
{
	const struct mkp_object *object = finalize->object;
	MKP_CLEANUP_FREE uint32_t *names = NULL;
	uint8_t *symtab = NULL;
	struct mkp_error *error;

	error = mkp_array_create(finalize->nr_targets, sizeof(*names), &names);
	if (!error)
		error = add_names(finalize, object->sections[object->symtab].link, names);
	if (!error)
		error = copy_data(finalize, object->symtab, 0, &symtab);
	if (error)
		return error;
	for (size_t i = 0; i < finalize->nr_targets; i++)
		rename_symbol(object,
			      symtab + finalize->targets[i].symbol * sizeof(Elf64_Sym),
			      names[i]);
	return NULL;
}

static int compare_moved(const void *a, const void *b)
{
	const struct moved *x = a, *y = b;

	if (x->target->object != y->target->object)
		return x->target->object < y->target->object ? -1 : 1;
	return (x->order > y->order) - (x->order < y->order);
}

/* Makes the livepatch section for one run of moved relocations, at @slot if that is free.
 */
static struct mkp_error *add_livepatch(struct finalize *finalize, uint32_t from,
				       uint32_t slot, const struct moved *moved,
				       size_t count)
{
	const struct mkp_object *object = finalize->object;
	uint32_t of = object->sections[from].info;
	MKP_CLEANUP_FREE char *name = NULL;
	struct mkp_output_section section = { 0 };
	struct mkp_error *error;
	Elf64_Rela *relas;

	error = mkp_livepatch_section_name(moved->target->name.object,
					   object->sections[of].name, &name);
	if (!error)
		error = mkp_array_reserve(
			&finalize->sections, &finalize->sections_capacity,
			finalize->nr_sections + 1, sizeof(*finalize->sections));
	if (error)
		return error;
	relas = mkp_arena_alloc(&finalize->arena, count * sizeof(*relas));
	section.name = mkp_arena_strdup(&finalize->arena, name);
	if (!relas || !section.name)
		return mkp_error_nomem();
	for (size_t i = 0; i < count; i++)
		relas[i] = moved[i].raw;
	section.header = finalize->sections[from].header;
	section.header.sh_flags = SHF_ALLOC | SHF_INFO_LINK | SHF_RELA_LIVEPATCH;
	section.header.sh_size = count * sizeof(*relas);
	section.data = relas;
	finalize->sections[slot ? slot : finalize->nr_sections++] = section;
	return NULL;
}

/* What the relocation at @data refers to, NULL if not one of the targets. */
static const struct target *find_target(const struct finalize *finalize,
					const uint8_t *data)
{
	uint32_t target;
	Elf64_Rela raw;

	memcpy(&raw, data, sizeof(raw));
	/* Checked by the reader: relocations of allocated sections have good symbols. */
	raw.r_info = mkp_object_get64(finalize->object, raw.r_info);
	target = finalize->target_of[ELF64_R_SYM(raw.r_info)];
	return target ? &finalize->targets[target - 1] : NULL;
}

/* Takes the relocations that move out of a section; leaves it shorter. */
static void take_relocs(struct finalize *finalize, uint32_t index, uint8_t *data,
			struct moved *moved)
{
	struct mkp_output_section *section = &finalize->sections[index];
	uint32_t count = (uint32_t)(section->header.sh_size / sizeof(Elf64_Rela));
	uint8_t *to = data;

	for (uint32_t i = 0; i < count; i++, data += sizeof(Elf64_Rela)) {
		const struct target *target = find_target(finalize, data);

		if (target) {
			moved->target = target;
			moved->order = i;
			memcpy(&moved++->raw, data, sizeof(moved->raw));
		} else {
			memmove(to, data, sizeof(Elf64_Rela));
			to += sizeof(Elf64_Rela);
		}
	}
	section->header.sh_size -= (size_t)(data - to);
}

/* One livepatch section for each object; the first one where @index was, if it is empty.
 */
static struct mkp_error *add_runs(struct finalize *finalize, uint32_t index,
				  const struct moved *moved, size_t count)
{
	uint32_t slot = finalize->sections[index].header.sh_size ? 0 : index;
	struct mkp_error *error = NULL;
	size_t end;

	for (size_t at = 0; !error && at < count; at = end) {
		end = at + 1;
		while (end < count &&
		       moved[end].target->object == moved[at].target->object)
			end++;
		error = add_livepatch(finalize, index, slot, moved + at, end - at);
		slot = 0;
	}
	return error;
}

static struct mkp_error *split_section(struct finalize *finalize, uint32_t index)
{
	const struct mkp_section *section = &finalize->object->sections[index];
	MKP_CLEANUP_FREE struct moved *moved = NULL;
	struct mkp_error *error;
	uint8_t *data = NULL;
	size_t count = 0;

	for (uint64_t at = 0; at < section->size; at += sizeof(Elf64_Rela))
		count += !!find_target(finalize, section->data + at);
	if (!count)
		return NULL;
	error = mkp_array_create(count, sizeof(*moved), &moved);
	if (!error)
		error = copy_data(finalize, index, 0, &data);
	if (error)
		return error;
	take_relocs(finalize, index, data, moved);
	qsort(moved, count, sizeof(*moved), compare_moved);
	finalize->nr_moved += count;
	return add_runs(finalize, index, moved, count);
}

/*
 * What is not loaded stays as it is, such as debug information: the kernel does not look
 * at its relocations.
 */
static struct mkp_error *split_sections(struct finalize *finalize)
{
	const struct mkp_object *object = finalize->object;
	struct mkp_error *error = NULL;

	for (uint32_t i = 1; !error && i < object->nr_sections; i++)
		if (object->sections[i].nr_relocs &&
		    object->sections[i].flags & SHF_ALLOC)
			error = split_section(finalize, object->sections[i].rela);
	return error;
}

/* Adds the entry that makes the kernel take the module as a patch. */
static struct mkp_error *mark_livepatch(struct finalize *finalize)
{
	static const char entry[] = "livepatch=Y";
	uint32_t modinfo = mkp_object_find_section(finalize->object, ".modinfo");
	size_t old = finalize->sections[modinfo].header.sh_size;
	uint8_t *data;
	struct mkp_error *error;

	error = copy_data(finalize, modinfo, sizeof(entry), &data);
	if (!error)
		memcpy(data + old, entry, sizeof(entry));
	return error;
}

static struct mkp_error *write_module(struct finalize *finalize)
{
	const struct mkp_object *object = finalize->object;
	struct mkp_output output = {
		.machine = object->machine,
		.eflags = object->eflags,
		.big_endian = object->big_endian,
		.osabi = object->image[EI_OSABI],
		.names = object->shstrtab,
		.nr_sections = (uint32_t)finalize->nr_sections,
		.sections = finalize->sections,
	};
	struct stat status;

	if (fstat(object->fd, &status))
		return mkp_error_create_errno(errno, "%s", object->path);
	output.mode = status.st_mode & 0777;
	return mkp_output_write(&output, object->path);
}

static struct mkp_error *run(struct finalize *finalize,
			     struct mkp_finalize_result *ret_result)
{
	const struct mkp_object *object = finalize->object;
	bool has_relocs = has_livepatch_relocs(object), marked, ours;
	struct mkp_error *error = check_module(object);

	if (!error)
		error = find_targets(finalize);
	if (error)
		return error;
	marked = has_modinfo(object, "livepatch=");
	ours = finalize->nr_targets || has_modinfo(object, MKP_MODINFO_KEY);
	if (finalize->nr_targets && has_relocs)
		return mkp_error_create(MKP_ERROR_UNSUPPORTED,
					"%s: has livepatch relocations already, and "
					"livepatch references besides",
					object->path);
	if (finalize->nr_targets || (ours && !marked)) {
		error = copy_sections(finalize);
		if (!error && finalize->nr_targets)
			error = rename_symbols(finalize);
		if (!error && finalize->nr_targets)
			error = split_sections(finalize);
		if (!error && !marked)
			error = mark_livepatch(finalize);
		if (!error)
			error = write_module(finalize);
	}
	if (error)
		return error;
	ret_result->nr_relocations = finalize->nr_moved;
	ret_result->nr_symbols = finalize->nr_targets;
	ret_result->already = has_relocs || (ours && marked && !finalize->nr_targets);
	return NULL;
}

struct mkp_error *mkp_finalize(const char *path, struct mkp_finalize_result *ret_result)
{
	struct finalize finalize = { 0 };
	struct mkp_object *object = NULL;
	struct mkp_error *error = mkp_object_open(path, &object);

	if (error)
		return error;
	finalize.object = object;
	mkp_arena_init(&finalize.arena);
	if (object->packed)
		error = mkp_error_create(MKP_ERROR_UNSUPPORTED,
					 "%s is compressed: finalize it first, then "
					 "compress it",
					 path);
	else
		error = run(&finalize, ret_result);
	for (size_t i = 0; i < finalize.nr_targets; i++)
		mkp_klp_name_deinit(&finalize.targets[i].name);
	free(finalize.targets);
	free(finalize.target_of);
	free(finalize.sections);
	mkp_arena_deinit(&finalize.arena);
	mkp_object_destroy(object);
	return error;
}

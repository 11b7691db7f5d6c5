// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "base/array.h"
#include "elf/object.h"
#include "image/private.h"

/* The ELF file is what the caller means it to be. */
static struct mkp_error *check_type(const struct mkp_image *image)
{
	bool relocatable = image->object->type == ET_REL;
	const char *name = mkp_image_module_name(image);

	if (relocatable && !image->module)
		return mkp_error_create(MKP_ERROR_USAGE,
					"%s is a module or an object file, not a linked "
					"vmlinux",
					image->path);
	if (!relocatable && image->module)
		return mkp_error_create(MKP_ERROR_USAGE,
					"%s is a linked kernel, not the module %s",
					image->path, image->module);
	/* Old modules have no name in them. */
	if (image->module && name && strcmp(image->module, name) != 0)
		return mkp_error_create(MKP_ERROR_USAGE, "%s is the module %s, not %s",
					image->path, name, image->module);
	return NULL;
}

/* What nm -n, mksysmap and scripts/kallsyms leave of a linked kernel's symbols. */
static bool vmlinux_keeps(const struct mkp_image *image, const struct mkp_object *object,
			  const struct mkp_symbol *symbol)
{
	const struct mkp_section *section = mkp_symbol_section(object, symbol);

	/* Undefined: type U. Absolute: type A, but nm says W or V of a weak one. */
	if (!section)
		return symbol->section == MKP_SHN_ABS && symbol->bind == STB_WEAK;
	return (section->flags & SHF_ALLOC) &&
	       mkp_kallsyms_keeps_name(symbol->name, image->version);
}

static bool keeps(const struct mkp_image *image, const struct mkp_object *object,
		  const struct mkp_symbol *symbol)
{
	if (!symbol->name[0] || symbol->type == STT_SECTION || symbol->type == STT_FILE)
		return false;
	if (image->module)
		return symbol->section != MKP_SHN_UNDEF;
	return vmlinux_keeps(image, object, symbol);
}

/* Of no section or one that is not kept: gone when the module's init has run. */
static bool is_loading_only(const struct mkp_image *image,
			    const struct mkp_symbol *symbol)
{
	const struct mkp_section *section;

	if (!image->module)
		return false;
	section = mkp_symbol_section(image->object, symbol);
	return !section || !mkp_kallsyms_keeps_section(section->name, section->flags);
}

static struct mkp_error *add_symbol(struct mkp_image *image,
				    const struct mkp_object *object, uint32_t index,
				    uint32_t block)
{
	const struct mkp_symbol *from = &object->symbols[index];
	struct mkp_image_symbol symbol = {
		.name = from->name,
		.address = from->value,
		.size = from->size,
		.row = index,
		.local = from->bind == STB_LOCAL,
		.global = from->bind != STB_LOCAL,
		.function = from->type == STT_FUNC || from->type == STT_GNU_IFUNC,
		.object = from->type == STT_OBJECT || from->type == STT_TLS ||
			  from->type == STT_COMMON,
		.loading_only = is_loading_only(image, from),
	};

	if (symbol.local) {
		symbol.file = image->blocks[block].file;
		symbol.block = block;
	}
	if (image->module && mkp_symbol_section(object, from))
		symbol.section = from->section;
	return mkp_image_add(image, &symbol);
}

static struct mkp_error *create_blocks(struct mkp_image *image,
				       const struct mkp_object *object)
{
	uint32_t nr_files = 0, i;
	struct mkp_error *error;

	for (i = 1; i < object->nr_symbols; i++)
		nr_files += object->symbols[i].type == STT_FILE;
	error = mkp_array_create((size_t)nr_files + 1, sizeof(*image->blocks),
				 &image->blocks);
	if (!error)
		image->nr_blocks = 1;
	return error;
}

/*
 * Number of the block that begins with the STT_FILE symbol @file. The linker ends the
 * last block with one of an empty name; what follows comes from no file (linker script,
 * hidden symbols).
 */
static uint32_t begin_block(struct mkp_image *image, const struct mkp_symbol *file)
{
	const char *name = mkp_path_basename(file->name);

	if (!*name)
		return 0;
	image->blocks[image->nr_blocks].file = name;
	return image->nr_blocks++;
}

/* What the symbols say of the version decides which of them are taken. */
static struct mkp_error *take_release(struct mkp_image *image,
				      const struct mkp_object *object)
{
	for (uint32_t i = object->first_global; i < object->nr_symbols; i++)
		if (!strcmp(object->symbols[i].name, "linux_banner"))
			return mkp_image_read_release(image, object->symbols[i].value);
	return NULL;
}

/* Takes the symbols of @object: the image itself, or the debug file of a vmlinux. */
static struct mkp_error *take_symbols(struct mkp_image *image,
				      const struct mkp_object *object)
{
	struct mkp_error *error = create_blocks(image, object);
	uint32_t block = 0;

	for (uint32_t i = 1; !error && i < object->nr_symbols; i++) {
		const struct mkp_symbol *symbol = &object->symbols[i];

		if (symbol->type == STT_FILE)
			block = begin_block(image, symbol);
		else if (keeps(image, object, symbol))
			error = add_symbol(image, object, i, block);
	}
	return error;
}

/* Locals of @object by name and value, as the key of an index. */
static uint64_t local_key(const char *name, uint64_t value)
{
	return mkp_hash_mix(mkp_hash_string(name), value);
}

/* Numbers the source files of the debug file and lists its locals. */
static struct mkp_error *list_locals(struct mkp_image *image, struct mkp_index *locals,
				     uint32_t *blocks)
{
	const struct mkp_object *debug = image->debug;
	struct mkp_error *error = NULL;
	uint32_t block = 0;

	for (uint32_t i = 1; !error && i < debug->first_global; i++) {
		const struct mkp_symbol *symbol = &debug->symbols[i];

		if (symbol->type == STT_FILE)
			block = begin_block(image, symbol);
		blocks[i] = block;
		error = mkp_index_add(locals, local_key(symbol->name, symbol->value), i);
	}
	mkp_index_seal(locals);
	return error;
}

/* Gives a module's local the source file that the debug file has for it. */
static void take_file(struct mkp_image *image, const struct mkp_index *locals,
		      const uint32_t *blocks, struct mkp_image_symbol *symbol)
{
	size_t count;
	const struct mkp_index_entry *entry = mkp_index_find(
		locals, local_key(symbol->name, symbol->address), &count);

	for (size_t i = 0; i < count; i++) {
		const struct mkp_symbol *other = &image->debug->symbols[entry[i].id];

		if (other->section != symbol->section ||
		    other->value != symbol->address || strcmp(other->name, symbol->name))
			continue;
		symbol->block = blocks[entry[i].id];
		symbol->file = image->blocks[symbol->block].file;
		return;
	}
}

/*
 * A shipped module has no STT_FILE symbols; its debug file has, but in another order than
 * that of the module's symbols, which is the one that livepatch counts in.
 */
static struct mkp_error *take_files(struct mkp_image *image)
{
	struct mkp_index locals;
	uint32_t *blocks = NULL;
	struct mkp_error *error;

	mkp_index_init(&locals);
	free(image->blocks);
	image->blocks = NULL;
	error = create_blocks(image, image->debug);
	if (!error)
		error = mkp_array_create(image->debug->nr_symbols, sizeof(*blocks),
					 &blocks);
	if (!error)
		error = list_locals(image, &locals, blocks);
	for (size_t i = 0; !error && i < image->nr_symbols; i++)
		if (image->symbols[i].local)
			take_file(image, &locals, blocks, &image->symbols[i]);
	mkp_index_deinit(&locals);
	free(blocks);
	return error;
}

static struct mkp_error *load_module(struct mkp_image *image,
				     const struct mkp_image_source *source)
{
	struct mkp_error *error;

	if (!image->object->symtab)
		return mkp_error_create(MKP_ERROR_FORMAT,
					"%s has no symbol table: a module that was "
					"stripped so can not be loaded either",
					image->path);
	error = take_symbols(image, image->object);
	if (!error && image->nr_blocks <= 1)
		error = mkp_image_open_debug(image, source);
	return !error && image->debug ? take_files(image) : error;
}

/* Every function of the text lies in code of the file: they are of one kernel. */
static struct mkp_error *check_sysmap(const struct mkp_image *image, const char *sysmap)
{
	const struct mkp_section *code = NULL;

	for (uint32_t i = 1; i < image->object->nr_sections && !code; i++)
		if (image->object->sections[i].flags & SHF_EXECINSTR)
			code = &image->object->sections[i];
	for (size_t i = 0; code && i < image->nr_symbols; i++) {
		const struct mkp_image_symbol *symbol = &image->symbols[i];

		if (!strcmp(symbol->name, "_stext"))
			return symbol->address >= code->address &&
					       symbol->address - code->address <
						       code->size
				       ? NULL
				       : mkp_error_create(
						 MKP_ERROR_USAGE,
						 "%s is not the System.map of %s: _stext "
						 "lies outside of %s",
						 sysmap, image->path, code->name);
	}
	return mkp_error_create(MKP_ERROR_FORMAT, "%s has no _stext, or %s no code",
				sysmap, image->path);
}

/* The symbols are those of @object: the vmlinux itself, or its debug file. */
static struct mkp_error *take_vmlinux(struct mkp_image *image,
				      const struct mkp_object *object)
{
	struct mkp_error *error = take_release(image, object);

	return error ? error : take_symbols(image, object);
}

static struct mkp_error *load_vmlinux(struct mkp_image *image,
				      const struct mkp_image_source *source)
{
	struct mkp_error *error;

	if (source->sysmap) {
		error = mkp_image_load_text(image, source->sysmap);
		return error ? error : check_sysmap(image, source->sysmap);
	}
	if (image->object->symtab) {
		error = source->cache ? mkp_image_cache_load(image, source->cache) : NULL;
		if (error || image->cache)
			return error;
		error = mkp_object_read_symbols(image->object);
		return error ? error : take_vmlinux(image, image->object);
	}
	error = mkp_image_open_debug(image, source);
	if (error)
		return error;
	if (!image->debug || !image->debug->symtab)
		return mkp_error_create(MKP_ERROR_FORMAT,
					"%s has no symbol table: it is stripped; use the "
					"one of the debug package, or System.map",
					image->path);
	return take_vmlinux(image, image->debug);
}

struct mkp_error *mkp_image_load_elf(struct mkp_image *image,
				     const struct mkp_image_source *source)
{
	struct mkp_error *error;

	image->kind = MKP_IMAGE_ELF;
	error = check_type(image);
	if (error)
		return error;
	return image->module ? load_module(image, source) : load_vmlinux(image, source);
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "base/array.h"
#include "elf/object.h"
#include "image/private.h"

/* `name=` of .modinfo, which is NUL-separated strings; old modules have none. */
static struct mkp_error *read_modinfo(struct mkp_image *image)
{
	const struct mkp_object *object = image->object;
	const struct mkp_section *section =
		&object->sections[mkp_object_find_section(object, ".modinfo")];
	const char *at = (const char *)section->data, *end;

	for (end = at + (at ? section->size : 0); at && at < end;
	     at += strnlen(at, (size_t)(end - at)) + 1) {
		size_t length = strnlen(at, (size_t)(end - at));

		if (length <= 5 || strncmp(at, "name=", 5) != 0)
			continue;
		image->modinfo_name = strndup(at + 5, length - 5);
		return image->modinfo_name ? NULL : mkp_error_nomem();
	}
	return NULL;
}

/* The ELF file is what the caller means it to be. */
static struct mkp_error *check_type(const struct mkp_image *image)
{
	bool relocatable = image->object->type == ET_REL;

	if (relocatable && !image->module)
		return mkp_error_create(MKP_ERROR_USAGE,
					"%s is a module or an object file, not a linked "
					"vmlinux",
					image->path);
	if (!relocatable && image->module)
		return mkp_error_create(MKP_ERROR_USAGE,
					"%s is a linked kernel, not the module %s",
					image->path, image->module);
	if (image->module && image->modinfo_name &&
	    strcmp(image->module, image->modinfo_name) != 0)
		return mkp_error_create(MKP_ERROR_USAGE, "%s is the module %s, not %s",
					image->path, image->modinfo_name, image->module);
	if (!image->object->symtab)
		return mkp_error_create(MKP_ERROR_FORMAT,
					"%s has no symbol table: it is stripped; use the "
					"one of the debug package, or System.map",
					image->path);
	return NULL;
}

/* What nm -n, mksysmap and scripts/kallsyms leave of a linked kernel's symbols. */
static bool vmlinux_keeps(const struct mkp_object *object,
			  const struct mkp_symbol *symbol)
{
	const struct mkp_section *section = mkp_symbol_section(object, symbol);

	/* Undefined: type U. Absolute: type A, but nm says W or V of a weak one. */
	if (!section)
		return symbol->section == MKP_SHN_ABS && symbol->bind == STB_WEAK;
	return (section->flags & SHF_ALLOC) && mkp_kallsyms_keeps_name(symbol->name);
}

static bool keeps(const struct mkp_image *image, const struct mkp_symbol *symbol)
{
	if (!symbol->name[0] || symbol->type == STT_SECTION || symbol->type == STT_FILE)
		return false;
	if (image->module)
		return symbol->section != MKP_SHN_UNDEF;
	return vmlinux_keeps(image->object, symbol);
}

/* Of no section or one that is not kept: gone when the module's init has run. */
static bool is_loading_only(const struct mkp_image *image,
			    const struct mkp_symbol *symbol)
{
	const struct mkp_section *section = mkp_symbol_section(image->object, symbol);

	if (!image->module)
		return false;
	return !section || !mkp_kallsyms_keeps_section(section->name, section->flags);
}

static struct mkp_error *add_symbol(struct mkp_image *image, uint32_t index,
				    uint32_t block)
{
	const struct mkp_symbol *from = &image->object->symbols[index];
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
	if (image->module && mkp_symbol_section(image->object, from))
		symbol.section = from->section;
	return mkp_image_add(image, &symbol);
}

static struct mkp_error *create_blocks(struct mkp_image *image)
{
	const struct mkp_object *object = image->object;
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

struct mkp_error *mkp_image_load_elf(struct mkp_image *image)
{
	struct mkp_error *error = mkp_object_open(image->path, &image->object);
	uint32_t i, block = 0;

	image->kind = MKP_IMAGE_ELF;
	if (!error)
		error = read_modinfo(image);
	if (!error)
		error = check_type(image);
	if (!error)
		error = create_blocks(image);
	for (i = 1; !error && i < image->object->nr_symbols; i++) {
		const struct mkp_symbol *symbol = &image->object->symbols[i];

		if (symbol->type == STT_FILE)
			block = begin_block(image, symbol);
		else if (keeps(image, symbol))
			error = add_symbol(image, i, block);
	}
	return error;
}

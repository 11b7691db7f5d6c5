// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From what a writer has collected to a file: final indices first, then the tables that
 * use them.
 *
 *   each section, in the order of creation, followed by its relocation sections
 *   .symtab [.symtab_shndx] .strtab .shstrtab
 */
#include <elfutils/libdwelf.h>
#include <inttypes.h>
#include <string.h>

#include "base/array.h"
#include "elf/output.h"
#include "elf/writer_private.h"

/* What is needed from choosing the indices until the file is written; all owned. */
struct layout {
	struct mkp_writer *writer;
	struct mkp_output_section *sections; /* by final index */
	uint32_t nr_sections;
	uint32_t symtab, extended, strtab, names; /* final indices; extended: 0 if none */
	uint32_t *section_index;		  /* by handle */
	uint32_t *symbol_index;			  /* by handle */
	uint32_t *symbol_order;			  /* handles by final index */
	uint32_t first_global;
	Elf64_Sym *symbols; /* by final index */
	Elf32_Word *extended_indices;
	Elf64_Rela **relas; /* by final section index */
	void *strings;
};

static void layout_deinit(struct layout *layout)
{
	for (uint32_t i = 0; layout->relas && i < layout->nr_sections; i++)
		free(layout->relas[i]);
	free(layout->relas);
	free(layout->sections);
	free(layout->section_index);
	free(layout->symbol_index);
	free(layout->symbol_order);
	free(layout->symbols);
	free(layout->extended_indices);
	free(layout->strings);
}

static struct mkp_error *place_sections(struct layout *layout)
{
	const struct mkp_writer *writer = layout->writer;
	struct mkp_error *error;
	uint32_t next = 1;

	error = mkp_array_create(writer->nr_sections, sizeof(*layout->section_index),
				 &layout->section_index);
	if (error)
		return error;
	for (size_t i = 1; i < writer->nr_sections; i++) {
		const struct writer_rela *rela = writer->sections[i].relas;

		layout->section_index[i] = next++;
		for (; rela; rela = rela->next)
			next++;
	}
	layout->symtab = next++;
	/* Three more follow, but no symbol is in one of them. */
	if (layout->symtab > SHN_LORESERVE)
		layout->extended = next++;
	layout->strtab = next++;
	layout->names = next++;
	layout->nr_sections = next;
	error = mkp_array_create(next, sizeof(*layout->sections), &layout->sections);
	if (!error)
		error = mkp_array_create(next, sizeof(*layout->relas), &layout->relas);
	return error;
}

/* File symbols, section symbols, other locals, globals. */
static int rank(const struct mkp_writer_symbol *symbol)
{
	if (symbol->bind != STB_LOCAL)
		return 3;
	if (symbol->type == STT_FILE)
		return 0;
	return symbol->type == STT_SECTION ? 1 : 2;
}

static struct mkp_error *place_symbols(struct layout *layout)
{
	const struct mkp_writer *writer = layout->writer;
	uint32_t next = 1;
	struct mkp_error *error;

	error = mkp_array_create(writer->nr_symbols, sizeof(*layout->symbol_index),
				 &layout->symbol_index);
	if (!error)
		error = mkp_array_create(writer->nr_symbols,
					 sizeof(*layout->symbol_order),
					 &layout->symbol_order);
	if (error)
		return error;
	for (int wanted = 0; wanted <= 3; wanted++) {
		if (wanted == 3)
			layout->first_global = next;
		for (uint32_t i = 1; i < writer->nr_symbols; i++) {
			if (rank(&writer->symbols[i]) != wanted)
				continue;
			layout->symbol_index[i] = next;
			layout->symbol_order[next++] = i;
		}
	}
	return NULL;
}

static void encode_place(const struct layout *layout, uint32_t index, uint32_t section)
{
	Elf64_Sym *to = &layout->symbols[index];
	uint32_t final;

	switch (section) {
	case MKP_SHN_ABS:
		to->st_shndx = SHN_ABS;
		return;
	case MKP_SHN_LIVEPATCH:
		to->st_shndx = SHN_LIVEPATCH;
		return;
	default:
		final = layout->section_index[section];
		to->st_shndx = (Elf64_Half)(final < SHN_LORESERVE ? final : SHN_XINDEX);
		if (final >= SHN_LORESERVE)
			layout->extended_indices[index] = final;
	}
}

static void encode_symbol(const struct layout *layout, uint32_t index)
{
	uint32_t handle = layout->symbol_order[index];
	const struct mkp_writer_symbol *from = &layout->writer->symbols[handle];
	Elf64_Sym *to = &layout->symbols[index];

	to->st_info = (unsigned char)ELF64_ST_INFO(from->bind, from->type);
	to->st_other = from->other;
	to->st_value = from->value;
	to->st_size = from->size;
	encode_place(layout, index, from->section);
}

/* Gives each symbol its st_name. */
static struct mkp_error *collect_strings(struct layout *layout, Dwelf_Strtab *table,
					 Dwelf_Strent **entries)
{
	const struct mkp_writer *writer = layout->writer;
	struct mkp_output_section *strtab = &layout->sections[layout->strtab];
	Elf_Data data = { 0 };

	for (uint32_t i = 1; i < writer->nr_symbols; i++) {
		entries[i] = dwelf_strtab_add(
			table, writer->symbols[layout->symbol_order[i]].name);
		if (!entries[i])
			return mkp_error_nomem();
	}
	if (!dwelf_strtab_finalize(table, &data))
		return mkp_error_nomem();
	for (uint32_t i = 1; i < writer->nr_symbols; i++)
		layout->symbols[i].st_name = (Elf64_Word)dwelf_strent_off(entries[i]);
	layout->strings = data.d_buf;
	*strtab = (struct mkp_output_section){
		.name = ".strtab",
		.header = { .sh_type = SHT_STRTAB,
			    .sh_size = data.d_size,
			    .sh_addralign = 1 },
		.data = data.d_buf,
	};
	return NULL;
}

static struct mkp_error *encode_strings(struct layout *layout)
{
	Dwelf_Strtab *table = dwelf_strtab_init(/* nullstr= */ true);
	MKP_CLEANUP_FREE Dwelf_Strent **entries = NULL;
	struct mkp_error *error;

	if (!table)
		return mkp_error_nomem();
	error = mkp_array_create(layout->writer->nr_symbols, sizeof(Dwelf_Strent *),
				 &entries);
	if (!error)
		error = collect_strings(layout, table, entries);
	dwelf_strtab_free(table);
	return error;
}

static struct mkp_error *encode_symbols(struct layout *layout)
{
	size_t count = layout->writer->nr_symbols;
	struct mkp_error *error = mkp_array_create(count, sizeof(*layout->symbols),
						   &layout->symbols);

	if (!error)
		error = mkp_array_create(count, sizeof(*layout->extended_indices),
					 &layout->extended_indices);
	if (error)
		return error;
	for (uint32_t i = 1; i < count; i++)
		encode_symbol(layout, i);
	layout->sections[layout->symtab] = (struct mkp_output_section){
		.name = ".symtab",
		.header = { .sh_type = SHT_SYMTAB,
			    .sh_size = count * sizeof(*layout->symbols),
			    .sh_link = layout->strtab,
			    .sh_info = layout->first_global,
			    .sh_addralign = 8,
			    .sh_entsize = sizeof(*layout->symbols) },
		.data = layout->symbols,
		.data_type = MKP_OUTPUT_SYMBOLS,
	};
	if (layout->extended)
		layout->sections[layout->extended] = (struct mkp_output_section){
			.name = ".symtab_shndx",
			.header = { .sh_type = SHT_SYMTAB_SHNDX,
				    .sh_size = count * sizeof(Elf32_Word),
				    .sh_link = layout->symtab,
				    .sh_addralign = 4,
				    .sh_entsize = sizeof(Elf32_Word) },
			.data = layout->extended_indices,
			.data_type = MKP_OUTPUT_WORDS,
		};
	return encode_strings(layout);
}

static int compare_relocs(const void *a, const void *b)
{
	const struct writer_reloc *x = a, *y = b;

	if (x->reloc.offset != y->reloc.offset)
		return x->reloc.offset < y->reloc.offset ? -1 : 1;
	return (x->order > y->order) - (x->order < y->order);
}

static struct mkp_error *encode_rela(struct layout *layout, uint32_t index,
				     uint32_t target, struct writer_rela *rela)
{
	uint64_t livepatch = rela->livepatch ? SHF_ALLOC | SHF_RELA_LIVEPATCH : 0;
	struct mkp_error *error;
	Elf64_Rela *to;

	error = mkp_array_create(rela->nr_relocs, sizeof(*to), &layout->relas[index]);
	if (error)
		return error;
	to = layout->relas[index];
	qsort(rela->relocs, rela->nr_relocs, sizeof(*rela->relocs), compare_relocs);
	for (size_t i = 0; i < rela->nr_relocs; i++) {
		const struct mkp_writer_reloc *from = &rela->relocs[i].reloc;

		to[i].r_offset = from->offset;
		to[i].r_info = ELF64_R_INFO(
			(Elf64_Xword)layout->symbol_index[from->symbol], from->type);
		to[i].r_addend = from->addend;
	}
	layout->sections[index] = (struct mkp_output_section){
		.name = rela->name,
		.header = { .sh_type = SHT_RELA,
			    .sh_flags = SHF_INFO_LINK | livepatch,
			    .sh_size = rela->nr_relocs * sizeof(*to),
			    .sh_link = layout->symtab,
			    .sh_info = target,
			    .sh_addralign = 8,
			    .sh_entsize = sizeof(*to) },
		.data = to,
		.data_type = MKP_OUTPUT_RELAS,
	};
	return NULL;
}

static struct mkp_error *encode_section(struct layout *layout, uint32_t handle)
{
	const struct mkp_writer *writer = layout->writer;
	const struct writer_section *from = &writer->sections[handle];
	uint32_t index = layout->section_index[handle], next = index + 1;
	struct mkp_error *error = NULL;

	if (from->header.link >= writer->nr_sections)
		return mkp_error_create(MKP_ERROR_INTERNAL,
					"section %s: writer has no section %" PRIu32,
					from->header.name, from->header.link);
	layout->sections[index] = (struct mkp_output_section){
		.name = from->header.name,
		.header = { .sh_type = from->header.type,
			    .sh_flags = from->header.flags,
			    .sh_size = from->size,
			    .sh_link = layout->section_index[from->header.link],
			    .sh_info = from->header.info,
			    .sh_addralign = from->header.align,
			    .sh_entsize = from->header.entsize },
		.data = from->data,
	};
	for (struct writer_rela *rela = from->relas; !error && rela; rela = rela->next)
		error = encode_rela(layout, next++, index, rela);
	return error;
}

static struct mkp_error *write_file(struct layout *layout, const char *path)
{
	struct mkp_output output = {
		.machine = layout->writer->machine,
		.eflags = layout->writer->eflags,
		.big_endian = layout->writer->big_endian,
		.names = layout->names,
		.nr_sections = layout->nr_sections,
		.sections = layout->sections,
	};

	layout->sections[layout->names] = (struct mkp_output_section){
		.name = ".shstrtab",
		.header = { .sh_type = SHT_STRTAB, .sh_addralign = 1 },
	};
	return mkp_output_write(&output, path);
}

struct mkp_error *mkp_writer_finish(struct mkp_writer *writer, const char *path)
{
	struct layout layout = { .writer = writer };
	struct mkp_error *error = place_sections(&layout);

	if (!error)
		error = place_symbols(&layout);
	if (!error)
		error = encode_symbols(&layout);
	for (uint32_t i = 1; !error && i < writer->nr_sections; i++)
		error = encode_section(&layout, i);
	if (!error)
		error = write_file(&layout, path);
	layout_deinit(&layout);
	return error;
}

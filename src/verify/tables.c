// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The tables about code, by the rows of the architecture: entries of one size that point
 * to code, keys that are data, replacements that are there.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "verify/private.h"

static bool is_field(const struct mkp_special_row *row, uint64_t at)
{
	return at < 32 && row->reloc_fields & (1u << at);
}

/* Whether all relocations are where entries of @size bytes have them. */
static bool size_fits(const struct mkp_verify *verify, uint32_t section,
		      const struct mkp_special_row *row, uint64_t size)
{
	uint64_t whole = verify->object->sections[section].size, entries;
	size_t count, code = 0;
	const struct mkp_verify_reloc *relocs = mkp_verify_relocs_of(verify, section,
								     &count);
	/* The last of .parainstructions may end where its padding would begin. */
	bool partial = whole % size && row->flags & MKP_SPECIAL_SHORT_LAST &&
		       whole % size > row->code_field + 8u;

	if (whole % size && !partial)
		return false;
	entries = whole / size + partial;
	for (size_t i = 0; i < count; i++) {
		if (!is_field(row, relocs[i].raw.offset % size))
			return false;
		code += relocs[i].raw.offset % size == row->code_field;
	}
	return code == entries;
}

unsigned int mkp_verify_entry_size(const struct mkp_verify *verify, uint32_t section,
				   const struct mkp_special_row *row, int *ret_index)
{
	for (int i = 0; i < MKP_SPECIAL_MAX_SIZES && row->sizes[i]; i++) {
		if (!size_fits(verify, section, row, row->sizes[i]))
			continue;
		*ret_index = i;
		return row->sizes[i];
	}
	return 0;
}

/* What the table has to point to. */
struct entry {
	const struct mkp_special_row *row;
	uint32_t section;
	uint64_t at; /* in the section */
	int size;    /* index in row->sizes */
};

static struct mkp_error *bad_entry(struct mkp_verify *verify, enum mkp_verify_id id,
				   const struct entry *entry, const char *why)
{
	return mkp_verify_add(verify->report, id,
			      verify->object->sections[entry->section].name,
			      "entry at 0x%" PRIx64 ": %s", entry->at, why);
}

/*
 * The kernel has a record of trampolines whose key is not exported, and refuses a module
 * with another one in the place of a key (static_call_add_module() of
 * kernel/static_call_inline.c, v5.13).
 */
static struct mkp_error *check_trampoline(struct mkp_verify *verify,
					  const struct entry *entry,
					  const struct mkp_symbol *symbol)
{
	static const char prefix[] = "__SCT__";
	struct mkp_verify_export export;
	MKP_CLEANUP_FREE char *key = NULL;

	if (symbol->section != MKP_SHN_UNDEF ||
	    strncmp(symbol->name, prefix, strlen(prefix)) != 0)
		return NULL;
	if (asprintf(&key, "__SCK__%s", symbol->name + strlen(prefix)) < 0)
		return mkp_error_nomem();
	return mkp_verify_find_export(verify, key, &export)
		       ? bad_entry(verify, MKP_VERIFY_TABLE_KEY, entry,
				   "its key is a trampoline, but the key is exported")
		       : NULL;
}

/* A key is a variable: of the module, of the kernel, or an import. */
static struct mkp_error *check_key(struct mkp_verify *verify, const struct entry *entry)
{
	const struct mkp_verify_reloc *reloc = mkp_verify_reloc_at(
		verify, entry->section, entry->at + (uint64_t)entry->row->key_field);
	const struct mkp_symbol *symbol;
	const struct mkp_section *section;
	const struct mkp_verify_klp_symbol *klp;

	if (!reloc)
		return bad_entry(verify, MKP_VERIFY_TABLE_KEY, entry, "no key");
	symbol = &verify->object->symbols[reloc->raw.symbol];
	section = mkp_symbol_section(verify->object, symbol);
	klp = &verify->klp_symbols[reloc->raw.symbol];
	if (klp->image && klp->image_symbol >= 0)
		symbol = &klp->image->object->symbols[klp->image_symbol];
	/* A trampoline is imported where its key is not exported. */
	if ((section && section->flags & SHF_EXECINSTR) ||
	    (symbol->type == STT_FUNC && !(entry->row->flags & MKP_SPECIAL_STATIC_CALL)))
		return bad_entry(verify, MKP_VERIFY_TABLE_KEY, entry,
				 "its key is no variable");
	return check_trampoline(verify, entry, symbol);
}

/* What is put in the place of the code, if it is not empty. */
static struct mkp_error *check_length(struct mkp_verify *verify,
				      const struct entry *entry)
{
	const struct mkp_section *table = &verify->object->sections[entry->section];
	unsigned int length_at = entry->row->length_at[entry->size];
	const struct mkp_verify_reloc *reloc;
	struct mkp_verify_place place;
	uint64_t length;

	if (!length_at || !table->data)
		return NULL;
	length = table->data[entry->at + length_at];
	if (!length)
		return NULL;
	reloc = mkp_verify_reloc_at(verify, entry->section,
				    entry->at + entry->row->length_of);
	if (!reloc || !mkp_verify_target(verify, reloc, &place) ||
	    !(verify->object->sections[place.section].flags & SHF_EXECINSTR) ||
	    length > verify->object->sections[place.section].size - place.offset)
		return bad_entry(verify, MKP_VERIFY_TABLE_TARGET, entry,
				 "its replacement is not in code of the module");
	return NULL;
}

/* ORC data ends behind the last instruction, where nothing is. */
static bool points_to_code(const struct mkp_verify *verify, const struct entry *entry)
{
	const struct mkp_verify_reloc *reloc = mkp_verify_reloc_at(
		verify, entry->section, entry->at + entry->row->code_field);
	const struct mkp_symbol *symbol;
	const struct mkp_section *section;
	uint64_t offset;

	if (!reloc)
		return false;
	symbol = &verify->object->symbols[reloc->raw.symbol];
	section = mkp_symbol_section(verify->object, symbol);
	offset = symbol->value + (uint64_t)reloc->raw.addend;
	return section && section->flags & SHF_EXECINSTR &&
	       offset < section->size + (entry->row->companion != NULL);
}

static struct mkp_error *check_entry(struct mkp_verify *verify, const struct entry *entry)
{
	struct mkp_error *error = NULL;

	verify->report->counts.table_entries++;
	if (!points_to_code(verify, entry))
		return bad_entry(verify, MKP_VERIFY_TABLE_TARGET, entry,
				 "it does not point to code of the module");
	if (entry->row->key_field >= 0)
		error = check_key(verify, entry);
	return error ? error : check_length(verify, entry);
}

static struct mkp_error *check_table(struct mkp_verify *verify, uint32_t section,
				     const struct mkp_special_row *row)
{
	struct entry entry = { .row = row, .section = section };
	unsigned int size = mkp_verify_entry_size(verify, section, row, &entry.size);
	const struct mkp_section *table = &verify->object->sections[section];
	struct mkp_error *error = NULL;

	if (!size)
		return mkp_verify_add(verify->report, MKP_VERIFY_TABLE_SIZE, table->name,
				      "%" PRIu64 " bytes do not divide into entries of "
				      "the %s",
				      table->size, row->what);
	for (; entry.at < table->size && !error; entry.at += size)
		error = check_entry(verify, &entry);
	return error;
}

struct mkp_error *mkp_verify_pass_tables(struct mkp_verify *verify)
{
	const struct mkp_object *object = verify->object;
	struct mkp_error *error = NULL;

	for (uint32_t i = 1; i < object->nr_sections && !error; i++) {
		const struct mkp_section *section = &object->sections[i];
		const struct mkp_special_row *row;

		if (!(section->flags & SHF_ALLOC) || section->type == SHT_RELA ||
		    !section->size)
			continue;
		row = mkp_arch_special(verify->arch, section->name);
		if (row && !(row->flags & (MKP_SPECIAL_OPTIONAL | MKP_SPECIAL_DROP)))
			error = check_table(verify, i, row);
	}
	return error;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Livepatch symbols and relocations, by the rules of
 * Documentation/livepatch/module-elf-format.rst and of kernel/livepatch/core.c (v6.1).
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/array.h"
#include "verify/private.h"

#define SYMBOL_PREFIX  ".klp.sym."
#define SECTION_PREFIX ".klp.rela."
/* What mkpatch calls a reference until the module is finished. */
#define UNFINISHED_PREFIX ".mkp.klp."

/* Both names end where the kernel's sscanf() ends them: "%55[^.].%511[^,],%lu". */
bool mkp_verify_klp_parse(struct mkp_verify *verify, const char *name,
			  struct mkp_verify_klp_symbol *symbol)
{
	const char *dot, *comma;
	char *end;

	if (strncmp(name, SYMBOL_PREFIX, strlen(SYMBOL_PREFIX)) != 0)
		return false;
	name += strlen(SYMBOL_PREFIX);
	dot = strchr(name, '.');
	comma = dot ? strchr(dot, ',') : NULL;
	if (!comma || dot == name || comma == dot + 1 || dot - name > 55)
		return false;
	if (comma[1] < '0' || comma[1] > '9')
		return false;
	errno = 0;
	symbol->position = strtoull(comma + 1, &end, 10);
	if (*end || errno)
		return false;
	symbol->object = mkp_arena_printf(&verify->report->arena, "%.*s",
					  (int)(dot - name), name);
	symbol->name = mkp_arena_printf(&verify->report->arena, "%.*s",
					(int)(comma - dot - 1), dot + 1);
	return symbol->object && symbol->name;
}

static struct mkp_error *check_symbol(struct mkp_verify *verify, uint32_t index)
{
	const struct mkp_symbol *symbol = &verify->object->symbols[index];
	struct mkp_verify_klp_symbol *klp = &verify->klp_symbols[index];
	bool named = !strncmp(symbol->name, SYMBOL_PREFIX, strlen(SYMBOL_PREFIX));
	struct mkp_verify_item item = { .kind = "symbol" };
	struct mkp_error *error = NULL;

	klp->image_symbol = -1;
	if (!strncmp(symbol->name, UNFINISHED_PREFIX, strlen(UNFINISHED_PREFIX)))
		return mkp_verify_add(verify->report, MKP_VERIFY_LEFTOVER, symbol->name,
				      "a reference that was not finished");
	if (!named && symbol->section != MKP_SHN_LIVEPATCH)
		return NULL;
	if (!named || !mkp_verify_klp_parse(verify, symbol->name, klp)) {
		klp->object = klp->name = NULL;
		return mkp_verify_add(verify->report, MKP_VERIFY_KLP_NAME, symbol->name,
				      "not .klp.sym.OBJECT.NAME,POSITION");
	}
	if (symbol->section != MKP_SHN_LIVEPATCH)
		error = mkp_verify_add(verify->report, MKP_VERIFY_KLP_INDEX, symbol->name,
				       "its section is not SHN_LIVEPATCH");
	item.name = klp->name;
	item.object = klp->object;
	item.position = (int64_t)klp->position;
	if (!error)
		error = mkp_verify_object_name(verify, klp->object);
	if (!error)
		error = mkp_verify_resolve(verify, &item, klp->position, &klp->image,
					   &klp->image_symbol);
	klp->item = verify->report->nr_items;
	return error ? error : mkp_verify_add_item(verify->report, &item);
}

/* ".klp.rela.OBJECT.SECTION": where SECTION begins; NULL: not so. */
static const char *section_of(const char *name, size_t *ret_length)
{
	const char *dot;

	if (strncmp(name, SECTION_PREFIX, strlen(SECTION_PREFIX)) != 0)
		return NULL;
	name += strlen(SECTION_PREFIX);
	dot = strchr(name, '.');
	if (!dot || dot == name || dot - name > 55)
		return NULL;
	*ret_length = (size_t)(dot - name);
	return dot + 1;
}

static struct mkp_error *check_section(struct mkp_verify *verify, uint32_t index)
{
	const struct mkp_object *object = verify->object;
	const struct mkp_section *section = &object->sections[index];
	const uint64_t needed = SHF_RELA_LIVEPATCH | SHF_ALLOC;
	struct mkp_verify_report *report = verify->report;
	const struct mkp_section *to;
	struct mkp_error *error = NULL;
	const char *rest;
	size_t length;

	if (section->type != SHT_RELA || section->info >= object->nr_sections)
		return mkp_verify_add(report, MKP_VERIFY_KLP_LINK, section->name,
				      "not a section of relocations");
	to = &object->sections[section->info];
	if ((section->flags & needed) != needed)
		error = mkp_verify_add(report, MKP_VERIFY_KLP_FLAGS, section->name,
				       "flags 0x%" PRIx64, section->flags);
	if (!error && (section->link != object->symtab || !(to->flags & SHF_ALLOC)))
		error = mkp_verify_add(report, MKP_VERIFY_KLP_LINK, section->name,
				       "links to section %u, applies to %s",
				       section->link, to->name);
	rest = section_of(section->name, &length);
	/* The documentation leaves out the first dot of ".text"; kpatch does not. */
	if (!error && (!rest || (strcmp(rest, to->name) != 0 &&
				 (*to->name != '.' || strcmp(rest, to->name + 1) != 0))))
		error = mkp_verify_add(report, MKP_VERIFY_KLP_SECTION, section->name,
				       "applies to section %s", to->name);
	return error;
}

/*
 * Whether the kernel reads the section when the patch module is loaded, when relocations
 * for a module that is not there yet have not been made (module_finalize(), and the
 * notifiers of jump labels, static calls, WARN and ftrace).
 */
static bool is_read_early(const struct mkp_verify *verify, const char *section)
{
	return mkp_arch_special(verify->arch, section) != NULL;
}

static struct mkp_error *check_klp_reloc(struct mkp_verify *verify, uint32_t index,
					 const struct mkp_verify_klp_symbol *klp,
					 const char *object, size_t length)
{
	const struct mkp_section *section = &verify->object->sections[index];
	const struct mkp_section *to = &verify->object->sections[section->info];
	bool vmlinux = length == 7 && !strncmp(object, "vmlinux", 7);
	bool same = klp->object && strlen(klp->object) == length &&
		    !strncmp(klp->object, object, length);

	if (!klp->object)
		return NULL;
	if (!vmlinux && !strcmp(klp->object, "vmlinux"))
		return mkp_verify_add(verify->report, MKP_VERIFY_KLP_VMLINUX,
				      section->name, "refers to %s of vmlinux",
				      klp->name);
	/* Symbols of a module may be used by one that depends on it, never by vmlinux. */
	if (vmlinux && !same)
		return mkp_verify_add(verify->report, MKP_VERIFY_KLP_TARGET,
				      section->name, "refers to %s of %s", klp->name,
				      klp->object);
	if (!vmlinux && is_read_early(verify, to->name))
		return mkp_verify_add(verify->report, MKP_VERIFY_KLP_LATE, section->name,
				      "refers to %s of %s", klp->name, klp->object);
	return NULL;
}

static struct mkp_error *check_klp_relocs(struct mkp_verify *verify, uint32_t index)
{
	const struct mkp_object *object = verify->object;
	const struct mkp_section *section = &object->sections[index];
	size_t length = 0;
	const char *name = section_of(section->name, &length);
	struct mkp_error *error = NULL;

	if (!name)
		return NULL;
	for (uint64_t at = 0; at + sizeof(Elf64_Rela) <= section->size && !error;
	     at += sizeof(Elf64_Rela)) {
		uint64_t symbol = mkp_verify_word(object, section->data + at + 8, 8) >>
				  32;
		struct mkp_verify_klp_symbol *klp;

		verify->report->counts.klp_relocations++;
		if (symbol >= object->nr_symbols)
			continue; /* reported when it was read */
		klp = &verify->klp_symbols[symbol];
		klp->used = true;
		if (object->symbols[symbol].section != MKP_SHN_LIVEPATCH)
			error = mkp_verify_add(verify->report, MKP_VERIFY_KLP_TARGET,
					       section->name,
					       "refers to %s, which is no livepatch "
					       "symbol",
					       object->symbols[symbol].name);
		if (!error)
			error = check_klp_reloc(verify, index, klp,
						section->name + strlen(SECTION_PREFIX),
						length);
	}
	return error;
}

static struct mkp_error *check_unused(struct mkp_verify *verify)
{
	struct mkp_error *error = NULL;

	for (uint32_t i = 1; i < verify->object->nr_symbols && !error; i++)
		if (verify->klp_symbols[i].object && !verify->klp_symbols[i].used)
			error = mkp_verify_add(verify->report, MKP_VERIFY_UNUSED_SYMBOL,
					       verify->object->symbols[i].name,
					       "no relocation refers to it");
	return error;
}

struct mkp_error *mkp_verify_pass_klp(struct mkp_verify *verify)
{
	const struct mkp_object *object = verify->object;
	struct mkp_error *error = mkp_array_create(
		object->nr_symbols, sizeof(*verify->klp_symbols), &verify->klp_symbols);

	for (uint32_t i = 1; i < object->nr_symbols && !error; i++)
		error = check_symbol(verify, i);
	for (uint32_t i = 1; i < object->nr_sections && !error; i++) {
		const struct mkp_section *section = &object->sections[i];
		bool flag = section->flags & SHF_RELA_LIVEPATCH;

		if (!flag &&
		    strncmp(section->name, SECTION_PREFIX, strlen(SECTION_PREFIX)) != 0)
			continue;
		error = check_section(verify, i);
		if (!error && flag && section->type == SHT_RELA)
			error = check_klp_relocs(verify, i);
	}
	return error ? error : check_unused(verify);
}

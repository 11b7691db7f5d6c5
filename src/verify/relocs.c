// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Each relocation by itself: whether the loader would take it, and whether it fits what
 * is there.
 */
#include <inttypes.h>
#include <string.h>

#include "verify/private.h"

static struct mkp_error *fault(struct mkp_verify *verify, enum mkp_verify_id id,
			       uint32_t section, const struct mkp_verify_reloc *reloc,
			       const char *why)
{
	return mkp_verify_add(verify->report, id, verify->object->sections[section].name,
			      "relocation at 0x%" PRIx64 " (%s against %s): %s",
			      reloc->raw.offset,
			      mkp_arch_reloc_name(verify->arch, reloc->raw.type),
			      verify->object->symbols[reloc->raw.symbol].name, why);
}

static bool all_zero(const uint8_t *data, unsigned int size)
{
	while (size && !data[size - 1])
		size--;
	return !size;
}

/* A value of the kernel's address space that a field of 32 bits must hold. */
static bool fits(const struct mkp_verify *verify, const struct mkp_verify_reloc *reloc,
		 const struct mkp_reloc_info *info)
{
	const struct mkp_verify_klp_symbol *klp = &verify->klp_symbols[reloc->raw.symbol];
	int64_t value;

	if (info->width != 4 || info->flags & MKP_RELOC_PCREL)
		return info->width != 4 ||
		       (reloc->raw.addend >= INT32_MIN && reloc->raw.addend <= INT32_MAX);
	if (klp->image_symbol < 0 || !klp->image || klp->image->module)
		return true;
	value = (int64_t)klp->image->object->symbols[klp->image_symbol].value +
		reloc->raw.addend;
	return value >= INT32_MIN && value <= INT32_MAX;
}

static struct mkp_error *check_symbol(struct mkp_verify *verify, uint32_t section,
				      const struct mkp_verify_reloc *reloc)
{
	const struct mkp_symbol *symbol = &verify->object->symbols[reloc->raw.symbol];

	if (!reloc->livepatch && symbol->section == MKP_SHN_LIVEPATCH)
		return fault(verify, MKP_VERIFY_KLP_TARGET, section, reloc,
			     "a livepatch symbol in an ordinary relocation");
	/* Section 0 is undefined; a name of nothing is what a wiped index leaves. */
	if (symbol->section == MKP_SHN_UNDEF && !*symbol->name)
		return fault(verify, MKP_VERIFY_RELOC_TYPE, section, reloc,
			     "no symbol at all");
	return NULL;
}

/* @end: where the relocation before it ended. */
static struct mkp_error *check_reloc(struct mkp_verify *verify, uint32_t section,
				     const struct mkp_verify_reloc *reloc, uint64_t *end)
{
	const struct mkp_section *data = &verify->object->sections[section];
	const struct mkp_reloc_info *info = verify->arch->reloc(reloc->raw.type);
	struct mkp_error *error;

	verify->report->counts.relocations++;
	if (!info || !(info->flags & MKP_RELOC_KLP))
		return fault(verify, MKP_VERIFY_RELOC_TYPE, section, reloc,
			     "the kernel does not apply it");
	if (info->flags & MKP_RELOC_NONE)
		return NULL;
	if (reloc->raw.offset > data->size ||
	    info->width > data->size - reloc->raw.offset)
		return fault(verify, MKP_VERIFY_RELOC_RANGE, section, reloc,
			     "its field is not inside the section");
	if (reloc->raw.offset < *end)
		return fault(verify, MKP_VERIFY_RELOC_OVERLAP, section, reloc,
			     "the one before it writes there");
	*end = reloc->raw.offset + info->width;
	if (!fits(verify, reloc, info))
		return fault(verify, MKP_VERIFY_RELOC_RANGE, section, reloc,
			     "its value does not fit the field");
	if (data->data && !all_zero(data->data + reloc->raw.offset, info->width))
		return fault(verify, MKP_VERIFY_RELOC_FIELD, section, reloc,
			     "its field is not zero");
	error = check_symbol(verify, section, reloc);
	return error;
}

/* Relative relocations stand where instructions have relative fields, others do not. */
static struct mkp_error *check_code(struct mkp_verify *verify, uint32_t section,
				    const struct mkp_code_scan *scan)
{
	size_t count, field = 0;
	const struct mkp_verify_reloc *relocs = mkp_verify_relocs_of(verify, section,
								     &count);
	struct mkp_error *error = NULL;

	for (size_t i = 0; i < count && !error; i++) {
		const struct mkp_reloc_info *info = verify->arch->reloc(
			relocs[i].raw.type);
		bool relative, there;

		if (!info || info->flags & MKP_RELOC_NONE)
			continue;
		while (field < scan->count &&
		       scan->fields[field].offset < relocs[i].raw.offset)
			field++;
		relative = info->flags & MKP_RELOC_PCREL;
		there = field < scan->count &&
			scan->fields[field].offset == relocs[i].raw.offset &&
			scan->fields[field].width == info->width;
		if (relative != there)
			error = fault(verify, MKP_VERIFY_RELOC_CODE, section, &relocs[i],
				      relative ? "no relative field of an instruction"
					       : "a relative field of an instruction");
	}
	return error;
}

static struct mkp_error *scan_section(struct mkp_verify *verify, uint32_t section)
{
	const struct mkp_section *code = &verify->object->sections[section];
	struct mkp_code_scan scan = { 0 };
	struct mkp_error *error;

	if (!verify->arch->scan_code || !code->data)
		return NULL;
	error = verify->arch->scan_code(code->data, code->size, &scan);
	/* Data between code would put the decoder out of step. */
	if (!error && scan.complete)
		error = check_code(verify, section, &scan);
	mkp_code_scan_deinit(&scan);
	return error;
}

/* Code can be run and not be written; what the kernel reads must be loaded. */
static struct mkp_error *check_flags(struct mkp_verify *verify, uint32_t index)
{
	const struct mkp_section *section = &verify->object->sections[index];
	bool code = section->flags & SHF_EXECINSTR;
	const char *why = NULL;

	if (code && section->flags & SHF_WRITE)
		why = "code that is writable";
	else if (!code && !strncmp(section->name, ".text", 5) && section->size)
		why = "code that can not be run";
	else if (code && !(section->flags & SHF_ALLOC))
		why = "code that is not loaded";
	else if (mkp_arch_special(verify->arch, section->name) &&
		 strncmp(section->name, ".discard", 8) != 0 &&
		 !(section->flags & SHF_ALLOC) && section->type == SHT_PROGBITS)
		why = "a table that is not loaded";
	if (!why)
		return NULL;
	return mkp_verify_add(verify->report, MKP_VERIFY_WRITABLE_CODE, section->name,
			      "%s", why);
}

struct mkp_error *mkp_verify_pass_relocs(struct mkp_verify *verify)
{
	const struct mkp_object *object = verify->object;
	struct mkp_error *error = NULL;

	for (uint32_t i = 1; i < object->nr_sections && !error; i++) {
		uint64_t end = 0;
		size_t count;
		const struct mkp_verify_reloc *relocs = mkp_verify_relocs_of(verify, i,
									     &count);

		error = check_flags(verify, i);
		for (size_t k = 0; k < count && !error; k++)
			error = check_reloc(verify, i, &relocs[k], &end);
		if (!error && object->sections[i].flags & SHF_EXECINSTR && count)
			error = scan_section(verify, i);
	}
	return error;
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "arch/arch.h"

#include <string.h>

#include "arch/machines.h"
#include "base/array.h"

static const struct mkp_arch *const machines[] = {
	&mkp_arch_x86_64,
};

const struct mkp_arch *mkp_arch_find(uint16_t machine)
{
	for (size_t i = 0; i < MKP_ARRAY_SIZE(machines); i++)
		if (machines[i]->machine == machine)
			return machines[i];
	return NULL;
}

const char *mkp_arch_reloc_name(const struct mkp_arch *arch, uint32_t type)
{
	const struct mkp_reloc_info *info = arch->reloc(type);

	return info ? info->name : "unknown relocation type";
}

/* Nearly all that is asked differs in the first letters: no calls. */
const struct mkp_special_row *mkp_arch_special(const struct mkp_arch *arch,
					       const char *section)
{
	for (const struct mkp_special_row *row = arch->special; row->section; row++)
		if (mkp_name_matches(row->section, section))
			return row;
	return NULL;
}

const char *mkp_arch_special_field(const struct mkp_arch *arch,
				   const struct mkp_special_row *row, uint32_t entry_size,
				   uint64_t offset)
{
	const struct mkp_special_field *field = arch->special_fields, *best = NULL;

	for (; field && field->section; field++)
		if (field->offset <= offset && !strcmp(field->section, row->section) &&
		    (!field->entry_size || field->entry_size == entry_size) &&
		    (!best || best->offset < field->offset))
			best = field;
	return best ? best->name : NULL;
}

bool mkp_arch_is_entry_prefix(const struct mkp_arch *arch, const char *symbol)
{
	for (size_t i = 0; i < arch->nr_entry_prefixes; i++)
		if (!strncmp(arch->entry_prefixes[i], symbol,
			     strlen(arch->entry_prefixes[i])))
			return true;
	return false;
}

bool mkp_arch_is_helper(const struct mkp_arch *arch, const char *symbol)
{
	for (size_t i = 0; i < arch->nr_compiler_helpers; i++)
		if (mkp_name_matches(arch->compiler_helpers[i], symbol))
			return true;
	return false;
}

struct mkp_error *mkp_code_scan_add(struct mkp_code_scan *scan,
				    const struct mkp_code_field *field)
{
	struct mkp_error *error = mkp_array_reserve(&scan->fields, &scan->capacity,
						    scan->count + 1, sizeof(*field));

	if (error)
		return error;
	scan->fields[scan->count++] = *field;
	return NULL;
}

void mkp_code_scan_deinit(struct mkp_code_scan *scan)
{
	free(scan->fields);
	*scan = (struct mkp_code_scan){ 0 };
}

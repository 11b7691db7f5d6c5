// SPDX-License-Identifier: GPL-2.0-or-later
#include "elf/producer.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>
#include <string.h>

/* Not its own search: that may ask the network. */
static int find_no_debuginfo(Dwfl_Module *module, void **user, const char *name,
			     Dwarf_Addr base, const char *file, const char *link,
			     GElf_Word crc, char **ret_path)
{
	(void)module, (void)user, (void)name, (void)base, (void)file, (void)link;
	(void)crc, (void)ret_path;
	return -1;
}

/* libdwfl applies the relocations that DWARF of a relocatable file needs. */
static const Dwfl_Callbacks callbacks = {
	.find_debuginfo = find_no_debuginfo,
	.section_address = dwfl_offline_section_address,
};

/* The first unit that says by whom it was made: one of an assembler may come before. */
static Dwarf_Die *first_unit(Dwarf *dwarf, Dwarf_Die *die)
{
	Dwarf_Off offset = 0, next;
	size_t header;

	while (!dwarf_nextcu(dwarf, offset, &next, &header, NULL, NULL, NULL)) {
		if (dwarf_offdie(dwarf, offset + header, die) &&
		    dwarf_hasattr(die, DW_AT_producer))
			return die;
		offset = next;
	}
	return NULL;
}

static struct mkp_error *read_dwarf(Dwarf *dwarf, uint64_t address, char **ret_producer)
{
	Dwarf_Attribute attribute;
	Dwarf_Die memory, *unit;
	const char *producer;

	unit = address ? dwarf_addrdie(dwarf, address, &memory)
		       : first_unit(dwarf, &memory);
	if (!unit)
		return NULL;
	producer = dwarf_formstring(dwarf_attr(unit, DW_AT_producer, &attribute));
	if (!producer)
		return NULL;
	*ret_producer = strdup(producer);
	return *ret_producer ? NULL : mkp_error_nomem();
}

struct mkp_error *mkp_producer_read(const char *path, uint64_t address,
				    char **ret_producer)
{
	Dwfl *dwfl = dwfl_begin(&callbacks);
	struct mkp_error *error = NULL;
	Dwfl_Module *module;
	Dwarf *dwarf;
	Dwarf_Addr bias;

	*ret_producer = NULL;
	if (!dwfl)
		return mkp_error_nomem();
	module = dwfl_report_offline(dwfl, "", path, -1);
	dwfl_report_end(dwfl, NULL, NULL);
	dwarf = module ? dwfl_module_getdwarf(module, &bias) : NULL;
	if (dwarf)
		error = read_dwarf(dwarf, address, ret_producer);
	dwfl_end(dwfl);
	return error;
}

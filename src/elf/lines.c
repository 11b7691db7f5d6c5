// SPDX-License-Identifier: GPL-2.0-or-later
#include "elf/lines.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>
#include <gelf.h>
#include <limits.h>
#include <string.h>

#include "base/arena.h"
#include "base/array.h"
#include "elf/line_table.h"

struct mkp_lines {
	struct mkp_arena arena;
	char *path;
	Dwfl *dwfl;
	Dwfl_Module *module; /* NULL: no debug data */
	bool opened;
	struct mkp_line_table *table; /* NULL: not tried, or not to be used */
	bool table_tried;
};

/* Only what was named is read: no search for separate debug files. */
static int no_debuginfo(Dwfl_Module *module MKP_UNUSED, void **user MKP_UNUSED,
			const char *name MKP_UNUSED, Dwarf_Addr base MKP_UNUSED,
			const char *file MKP_UNUSED, const char *link MKP_UNUSED,
			GElf_Word crc MKP_UNUSED, char **ret_file MKP_UNUSED)
{
	return -1;
}

static const Dwfl_Callbacks callbacks = {
	.find_elf = dwfl_build_id_find_elf,
	.find_debuginfo = no_debuginfo,
	.section_address = dwfl_offline_section_address,
};

struct mkp_error *mkp_lines_create(const char *path, struct mkp_lines **ret_lines)
{
	struct mkp_lines *lines = NULL;
	struct mkp_error *error = mkp_array_create(1, sizeof(*lines), &lines);

	if (error)
		return error;
	mkp_arena_init(&lines->arena);
	lines->path = strdup(path);
	if (!lines->path) {
		mkp_lines_destroy(lines);
		return mkp_error_nomem();
	}
	*ret_lines = lines;
	return NULL;
}

void mkp_lines_destroy(struct mkp_lines *lines)
{
	if (!lines)
		return;
	if (lines->dwfl)
		dwfl_end(lines->dwfl);
	mkp_line_table_destroy(lines->table);
	mkp_arena_deinit(&lines->arena);
	free(lines->path);
	free(lines);
}

/* What fails here only costs source places. */
static void open_debug_data(struct mkp_lines *lines)
{
	Dwarf_Addr bias;

	if (lines->opened)
		return;
	lines->opened = true;
	lines->dwfl = dwfl_begin(&callbacks);
	if (!lines->dwfl)
		return;
	dwfl_report_begin(lines->dwfl);
	lines->module = dwfl_report_offline(lines->dwfl, "", lines->path, -1);
	dwfl_report_end(lines->dwfl, NULL, NULL);
	if (lines->module && !dwfl_module_getdwarf(lines->module, &bias))
		lines->module = NULL;
}

/* "file:line" with the compilation directory taken off. */
static const char *format_place(struct mkp_lines *lines, const char *file, int line,
				const char *directory)
{
	size_t length = directory ? strlen(directory) : 0;

	if (!file)
		return NULL;
	if (length && !strncmp(file, directory, length) && file[length] == '/')
		file += length + 1;
	while (!strncmp(file, "./", 2))
		file += 2;
	return mkp_arena_printf(&lines->arena, "%s:%d", file, line);
}

static const char *compilation_directory(Dwarf_Die *unit)
{
	Dwarf_Attribute attribute;

	return dwarf_formstring(dwarf_attr(unit, DW_AT_comp_dir, &attribute));
}

/* Where libdwfl has put a place of a section; false: there is no debug data. */
static bool find_address(struct mkp_lines *lines, uint32_t section, uint64_t offset,
			 Dwarf_Addr *ret_address)
{
	Dwarf_Addr bias;
	GElf_Shdr header;
	Elf_Scn *scn;
	Elf *elf;

	open_debug_data(lines);
	elf = lines->module ? dwfl_module_getelf(lines->module, &bias) : NULL;
	scn = elf ? elf_getscn(elf, section) : NULL;
	if (!scn || !gelf_getshdr(scn, &header))
		return false;
	*ret_address = header.sh_addr + bias + offset;
	return true;
}

bool mkp_lines_available(struct mkp_lines *lines)
{
	open_debug_data(lines);
	return lines->module;
}

/*
 * The unit that has an address, and the address as the unit counts it. libdwfl looks in
 * .debug_aranges, which clang does not write: then the units are asked, of which an
 * object has one.
 */
static Dwarf_Die *find_unit(struct mkp_lines *lines, uint32_t section, uint64_t offset,
			    Dwarf_Addr *ret_address)
{
	Dwarf_Addr address, bias;
	Dwarf_Die *unit;

	if (!find_address(lines, section, offset, &address))
		return NULL;
	unit = dwfl_module_addrdie(lines->module, address, &bias);
	while (!unit || dwarf_haspc(unit, address - bias) <= 0) {
		unit = dwfl_module_nextcu(lines->module, unit, &bias);
		if (!unit)
			return NULL;
	}
	*ret_address = address - bias;
	return unit;
}

/* The child of a scope that holds an address and may hold more scopes. */
static bool find_child_scope(Dwarf_Die *scope, Dwarf_Addr address, Dwarf_Die *ret_child)
{
	Dwarf_Die die;

	for (int more = dwarf_child(scope, &die); more == 0;
	     more = dwarf_siblingof(&die, &die)) {
		int tag = dwarf_tag(&die);

		if (tag != DW_TAG_subprogram && tag != DW_TAG_inlined_subroutine &&
		    tag != DW_TAG_lexical_block)
			continue;
		if (dwarf_haspc(&die, address) > 0) {
			*ret_child = die;
			return true;
		}
	}
	return false;
}

/*
 * The functions around an address from the outside in: the compiled one, then those
 * that were inlined. (dwarf_getscopes() leaves what was compiled behind at the innermost
 * inlined one, and goes on with where that was written.) Of a chain that is too long the
 * outer ones are kept.
 */
static size_t find_functions(Dwarf_Die *unit, Dwarf_Addr address,
			     Dwarf_Die functions[MKP_LINES_MAX_CHAIN])
{
	Dwarf_Die scope = *unit;
	size_t count = 0;

	while (count < MKP_LINES_MAX_CHAIN && find_child_scope(&scope, address, &scope))
		if (dwarf_tag(&scope) != DW_TAG_lexical_block)
			functions[count++] = scope;
	return count;
}

/* Line of the call that was inlined; 0: not known. */
static int call_line(Dwarf_Die *inlined)
{
	Dwarf_Attribute attribute;
	Dwarf_Word line;

	if (dwarf_formudata(dwarf_attr(inlined, DW_AT_call_line, &attribute), &line) ||
	    line > INT_MAX)
		return 0;
	return (int)line;
}

static const char *call_file(Dwarf_Die *unit, Dwarf_Die *inlined)
{
	Dwarf_Attribute attribute;
	Dwarf_Files *files;
	Dwarf_Word number;
	size_t count;

	if (dwarf_formudata(dwarf_attr(inlined, DW_AT_call_file, &attribute), &number) ||
	    dwarf_getsrcfiles(unit, &files, &count) || number >= count)
		return NULL;
	return dwarf_filesrc(files, number, NULL, NULL);
}

size_t mkp_lines_chain(struct mkp_lines *lines, uint32_t section, uint64_t offset,
		       int numbers[MKP_LINES_MAX_CHAIN])
{
	Dwarf_Die functions[MKP_LINES_MAX_CHAIN];
	Dwarf_Addr address;
	Dwarf_Die *unit = find_unit(lines, section, offset, &address);
	Dwarf_Line *line = unit ? dwarf_getsrc_die(unit, address) : NULL;
	size_t count = 1, depth;

	if (!line || dwarf_lineno(line, &numbers[0]))
		return 0;
	depth = find_functions(unit, address, functions);
	for (; depth && count < MKP_LINES_MAX_CHAIN; depth--) {
		int number = call_line(&functions[depth - 1]);

		if (number)
			numbers[count++] = number;
	}
	return count;
}

/* Name of a function, as a frame has it: through its abstract origin. */
static const char *function_name(Dwarf_Die *function)
{
	Dwarf_Attribute attribute;

	return dwarf_formstring(dwarf_attr_integrate(function, DW_AT_name, &attribute));
}

size_t mkp_lines_frames(struct mkp_lines *lines, uint32_t section, uint64_t offset,
			struct mkp_line_frame frames[MKP_LINES_MAX_CHAIN])
{
	Dwarf_Die functions[MKP_LINES_MAX_CHAIN];
	Dwarf_Addr address;
	Dwarf_Die *unit = find_unit(lines, section, offset, &address);
	Dwarf_Line *row = unit ? dwarf_getsrc_die(unit, address) : NULL;
	size_t depth = unit ? find_functions(unit, address, functions) : 0;
	const char *directory = unit ? compilation_directory(unit) : NULL, *file;
	int line;

	if (!row || !depth || dwarf_lineno(row, &line))
		return 0;
	file = dwarf_linesrc(row, NULL, NULL);
	for (size_t i = 0; i < depth; i++) {
		Dwarf_Die *function = &functions[depth - 1 - i];

		frames[i].function = function_name(function);
		frames[i].source = line ? format_place(lines, file, line, directory)
					: NULL;
		line = call_line(function);
		file = call_file(unit, function);
	}
	return depth;
}

/* The function, inlined or not, that is innermost at an address. */
static bool find_function(Dwarf_Die *unit, Dwarf_Addr address, Dwarf_Die *ret_die)
{
	Dwarf_Die *scopes = NULL;
	bool found = false;
	int n = dwarf_getscopes(unit, address, &scopes);

	for (int i = 0; i < n && !found; i++) {
		found = dwarf_tag(&scopes[i]) == DW_TAG_subprogram;
		*ret_die = scopes[i];
	}
	if (n > 0)
		free(scopes);
	return found;
}

enum mkp_code_origin mkp_lines_origin(struct mkp_lines *lines, uint32_t section,
				      uint64_t offset)
{
	Dwarf_Addr address;
	Dwarf_Attribute attribute;
	Dwarf_Word kind;
	Dwarf_Die *unit = find_unit(lines, section, offset, &address), die;

	if (!unit || !find_function(unit, address, &die))
		return mkp_lines_available(lines) ? MKP_ORIGIN_ASSEMBLER
						  : MKP_ORIGIN_UNKNOWN;
	/* Inherited by the concrete function from its abstract instance, if it has one.
	 * clang says of all that it inlined that they were not declared so. */
	if (!dwarf_formudata(dwarf_attr_integrate(&die, DW_AT_inline, &attribute),
			     &kind) &&
	    (kind == DW_INL_declared_inlined || kind == DW_INL_declared_not_inlined))
		return MKP_ORIGIN_INLINE;
	return MKP_ORIGIN_UNKNOWN;
}

/* What the line table alone does not tell. */
static const char *find_in_units(struct mkp_lines *lines, uint32_t section,
				 uint64_t offset)
{
	Dwarf_Addr address;
	Dwarf_Die *unit = find_unit(lines, section, offset, &address);
	Dwarf_Line *line = unit ? dwarf_getsrc_die(unit, address) : NULL;
	int number;

	if (!line || dwarf_lineno(line, &number))
		return NULL;
	return format_place(lines, dwarf_linesrc(line, NULL, NULL), number,
			    compilation_directory(unit));
}

static bool open_table(struct mkp_lines *lines)
{
	if (!lines->table_tried)
		lines->table = mkp_line_table_create(lines->path);
	lines->table_tried = true;
	return lines->table;
}

const char *mkp_lines_find(struct mkp_lines *lines, uint32_t section, uint64_t offset)
{
	const char *file = NULL, *directory = NULL;
	int line = 0;

	if (open_table(lines))
		line = mkp_line_table_find(lines->table, section, offset, &file,
					   &directory);
	return line ? format_place(lines, file, line, directory)
		    : find_in_units(lines, section, offset);
}

const char *mkp_lines_declaration(struct mkp_lines *lines, struct mkp_dwarf *dwarf,
				  const struct mkp_die *die)
{
	const char *compilation, *path;
	struct mkp_dwarf_file file;

	if (!die->line || !mkp_dwarf_file(dwarf, die, &file, &compilation))
		return NULL;
	path = file.name;
	if (file.directory && file.name[0] != '/')
		path = mkp_arena_printf(&lines->arena, "%s/%s", file.directory,
					file.name);
	return format_place(lines, path, (int)die->line, compilation);
}

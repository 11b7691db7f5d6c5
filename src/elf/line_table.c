// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The relocations of .debug_line are of two kinds, told apart by what they refer to: an
 * address of code, which is 64 bits wide, and an offset in another debug section, which
 * is 32 bits wide in the 32-bit DWARF format. Code of section N is put at N << 32, so
 * that an address says where it came from. They are applied to a private mapping of the
 * file.
 */
#include "elf/line_table.h"

#include <elfutils/libdw.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECTION_SHIFT 32

struct mkp_line_table {
	int fd;
	Elf *elf;
	Dwarf *dwarf;
	Dwarf_Lines *lines; /* by address; owned by dwarf */
	size_t nr_lines;
	const char *directory;
};

static Elf_Scn *find_section(Elf *elf, const char *name, GElf_Shdr *header)
{
	Elf_Scn *scn = NULL;
	size_t names;

	if (elf_getshdrstrndx(elf, &names))
		return NULL;
	while ((scn = elf_nextscn(elf, scn))) {
		const char *found;

		if (!gelf_getshdr(scn, header))
			return NULL;
		found = elf_strptr(elf, names, header->sh_name);
		if (found && !strcmp(found, name))
			return scn;
	}
	return NULL;
}

/* Writes a value in the byte order of the file. */
static void put(uint8_t *place, uint64_t value, size_t width, bool big_endian)
{
	for (size_t i = 0; i < width; i++)
		place[big_endian ? width - 1 - i : i] = (uint8_t)(value >> (8 * i));
}

static bool apply(Elf *elf, Elf_Data *data, const GElf_Rela *rela, const GElf_Sym *symbol,
		  bool big_endian)
{
	GElf_Shdr target;
	uint64_t value = symbol->st_value + (uint64_t)rela->r_addend;
	size_t width;

	if (symbol->st_shndx == SHN_UNDEF || symbol->st_shndx >= SHN_LORESERVE ||
	    !gelf_getshdr(elf_getscn(elf, symbol->st_shndx), &target))
		return false;
	width = target.sh_flags & SHF_ALLOC ? 8 : 4;
	if (target.sh_flags & SHF_ALLOC)
		value += (uint64_t)symbol->st_shndx << SECTION_SHIFT;
	if (rela->r_offset > data->d_size || data->d_size - rela->r_offset < width)
		return false;
	put((uint8_t *)data->d_buf + rela->r_offset, value, width, big_endian);
	return true;
}

static bool apply_all(Elf *elf)
{
	GElf_Shdr header, rela_header, symtab_header;
	Elf_Scn *scn = find_section(elf, ".debug_line", &header);
	Elf_Scn *rela_scn = find_section(elf, ".rela.debug_line", &rela_header);
	Elf_Data *data = scn ? elf_getdata(scn, NULL) : NULL;
	Elf_Data *relas = rela_scn ? elf_getdata(rela_scn, NULL) : NULL;
	Elf_Scn *symtab_scn = relas ? elf_getscn(elf, rela_header.sh_link) : NULL;
	Elf_Data *symtab = symtab_scn ? elf_getdata(symtab_scn, NULL) : NULL;
	const char *ident = elf_getident(elf, NULL);
	GElf_Rela rela;
	GElf_Sym symbol;

	/* Compressed tables and those of more sections than fit are left to libdwfl. */
	if (!data || !data->d_buf || !symtab || !ident ||
	    (header.sh_flags & SHF_COMPRESSED) ||
	    !gelf_getshdr(symtab_scn, &symtab_header) ||
	    symtab_header.sh_type != SHT_SYMTAB)
		return false;
	for (int i = 0; gelf_getrela(relas, i, &rela); i++)
		if (!gelf_getsym(symtab, (int)GELF_R_SYM(rela.r_info), &symbol) ||
		    !apply(elf, data, &rela, &symbol, ident[EI_DATA] == ELFDATA2MSB))
			return false;
	return true;
}

static const char *first_directory(Dwarf_Files *files)
{
	const char *const *directories;
	size_t count;

	if (!files || dwarf_getsrcdirs(files, &directories, &count) || !count)
		return NULL;
	return directories[0];
}

/* An object has one table; if there are more, libdwfl is asked for lines. */
static bool read_lines(struct mkp_line_table *table)
{
	Dwarf_Off next, last;
	Dwarf_Lines *more;
	Dwarf_Files *files;
	Dwarf_CU *unit = NULL; /* where it got to */
	size_t nr_files, count;

	table->dwarf = dwarf_begin_elf(table->elf, DWARF_C_READ, NULL);
	if (!table->dwarf || dwarf_next_lines(table->dwarf, 0, &next, &unit, &files,
					      &nr_files, &table->lines, &table->nr_lines))
		return false;
	table->directory = first_directory(files);
	if (!table->lines || dwarf_next_lines(table->dwarf, next, &last, &unit, &files,
					      &nr_files, &more, &count) != 1)
		table->nr_lines = 0;
	return true;
}

struct mkp_line_table *mkp_line_table_create(const char *path)
{
	struct mkp_line_table *table = calloc(1, sizeof(*table));

	if (!table)
		return NULL;
	elf_version(EV_CURRENT);
	table->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (table->fd >= 0)
		table->elf = elf_begin(table->fd, ELF_C_READ_MMAP_PRIVATE, NULL);
	if (table->elf && apply_all(table->elf) && read_lines(table))
		return table;
	mkp_line_table_destroy(table);
	return NULL;
}

void mkp_line_table_destroy(struct mkp_line_table *table)
{
	if (!table)
		return;
	if (table->dwarf)
		dwarf_end(table->dwarf);
	elf_end(table->elf);
	if (table->fd >= 0)
		close(table->fd);
	free(table);
}

/* Number of rows that start at or before an address. */
static size_t rows_up_to(const struct mkp_line_table *table, Dwarf_Addr address)
{
	size_t low = 0, high = table->nr_lines;
	Dwarf_Addr start;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (dwarf_lineaddr(dwarf_onesrcline(table->lines, middle), &start))
			return 0;
		if (start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/*
 * The row of an address, or NULL. Where several start at one place the last one counts,
 * but for the start of a section: there the first one is the line of the function, and
 * others are of what was inlined at its beginning.
 */
static Dwarf_Line *row_of(const struct mkp_line_table *table, Dwarf_Addr address)
{
	size_t count = rows_up_to(table, address);
	bool start = !(address & ((UINT64_C(1) << SECTION_SHIFT) - 1));

	if (start && address && rows_up_to(table, address - 1) < count)
		return dwarf_onesrcline(table->lines, rows_up_to(table, address - 1));
	return count ? dwarf_onesrcline(table->lines, count - 1) : NULL;
}

int mkp_line_table_find(const struct mkp_line_table *table, uint32_t section,
			uint64_t offset, const char **ret_file,
			const char **ret_directory)
{
	Dwarf_Addr address = ((Dwarf_Addr)section << SECTION_SHIFT) + offset, start;
	Dwarf_Line *row = row_of(table, address);
	const char *file = row ? dwarf_linesrc(row, NULL, NULL) : NULL;
	bool end;
	int line;

	if (!file || dwarf_lineaddr(row, &start) || start >> SECTION_SHIFT != section ||
	    dwarf_lineendsequence(row, &end) || end || dwarf_lineno(row, &line))
		return 0;
	*ret_file = file;
	*ret_directory = table->directory;
	return line;
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "elf/output.h"

#include <elfutils/libdwelf.h>
#include <errno.h>
#include <fcntl.h>
#include <libelf.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"

/* How many names for the file in the making are tried before we call it a day. */
#define MAX_ATTEMPTS 100

/* A file in the making, beside the one that it will replace. */
struct staged {
	char *path;
	int fd;
};

/*
 * Not mkstemp(): its files are private, and there is no way to learn the umask that does
 * not change it for a moment.
 */
static struct mkp_error *stage(const char *path, struct staged *ret_staged)
{
	for (int i = 0; i < MAX_ATTEMPTS; i++) {
		struct staged staged;

		if (asprintf(&staged.path, "%s.%d-%d.tmp", path, (int)getpid(), i) < 0)
			return mkp_error_nomem();
		staged.fd = open(staged.path,
				 O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOCTTY, 0666);
		if (staged.fd >= 0) {
			*ret_staged = staged;
			return NULL;
		}
		free(staged.path);
		if (errno != EEXIST)
			break;
	}
	return mkp_error_create_errno(errno, "cannot write beside %s", path);
}

/* What replaces a file must be on the disk before it does, or a crash leaves neither. */
static struct mkp_error *commit(struct staged *staged, const char *path, mode_t mode)
{
	if ((mode && fchmod(staged->fd, mode)) ||
	    (!access(path, F_OK) && fsync(staged->fd)) || rename(staged->path, path))
		return mkp_error_create_errno(errno, "%s", path);
	return NULL;
}

/* After a commit the name is gone, and only memory and the descriptor are left. */
static void unstage(struct staged *staged, bool committed)
{
	if (!committed)
		unlink(staged->path);
	close(staged->fd);
	free(staged->path);
}

static struct mkp_error *elf_error(const char *path)
{
	return mkp_error_create(MKP_ERROR_IO, "%s: libelf: %s", path, elf_errmsg(-1));
}

/* Gives each section its sh_name. *@ret_names is malloc'ed. */
static struct mkp_error *collect_names(struct mkp_output *output, Dwelf_Strtab *table,
				       Dwelf_Strent **entries, void **ret_names)
{
	Elf_Data data = { 0 };

	for (uint32_t i = 1; i < output->nr_sections; i++) {
		entries[i] = dwelf_strtab_add(table, output->sections[i].name);
		if (!entries[i])
			return mkp_error_nomem();
	}
	if (!dwelf_strtab_finalize(table, &data))
		return mkp_error_nomem();
	for (uint32_t i = 1; i < output->nr_sections; i++)
		output->sections[i].header.sh_name = (Elf64_Word)dwelf_strent_off(
			entries[i]);
	output->sections[output->names].data = data.d_buf;
	output->sections[output->names].header.sh_size = data.d_size;
	*ret_names = data.d_buf;
	return NULL;
}

static struct mkp_error *name_sections(struct mkp_output *output, void **ret_names)
{
	Dwelf_Strtab *table = dwelf_strtab_init(/* nullstr= */ true);
	MKP_CLEANUP_FREE Dwelf_Strent **entries = NULL;
	struct mkp_error *error;

	if (!table)
		return mkp_error_nomem();
	error = mkp_array_create(output->nr_sections, sizeof(Dwelf_Strent *), &entries);
	if (!error)
		error = collect_names(output, table, entries, ret_names);
	dwelf_strtab_free(table);
	return error;
}

static struct mkp_error *put_header(const struct mkp_output *output, Elf *elf,
				    const char *path)
{
	Elf64_Ehdr *header = elf64_newehdr(elf);

	if (!header)
		return elf_error(path);
	header->e_ident[EI_DATA] = output->big_endian ? ELFDATA2MSB : ELFDATA2LSB;
	header->e_ident[EI_OSABI] = output->osabi;
	header->e_type = ET_REL;
	header->e_machine = output->machine;
	header->e_version = EV_CURRENT;
	header->e_flags = output->eflags;
	header->e_shstrndx = (Elf64_Half)(output->names < SHN_LORESERVE ? output->names
									: SHN_XINDEX);
	return NULL;
}

static struct mkp_error *put_section(const struct mkp_output_section *section, Elf *elf,
				     const char *path)
{
	static const Elf_Type types[] = {
		[MKP_OUTPUT_RAW] = ELF_T_BYTE,
		[MKP_OUTPUT_WORDS] = ELF_T_WORD,
		[MKP_OUTPUT_SYMBOLS] = ELF_T_SYM,
		[MKP_OUTPUT_RELAS] = ELF_T_RELA,
	};
	Elf_Scn *scn = elf_newscn(elf);
	Elf64_Shdr *header = scn ? elf64_getshdr(scn) : NULL;
	Elf_Data *data = header ? elf_newdata(scn) : NULL;

	if (!data)
		return elf_error(path);
	*header = section->header;
	data->d_type = types[section->data_type];
	data->d_version = EV_CURRENT;
	data->d_align = section->header.sh_addralign;
	data->d_size = section->header.sh_size;
	/* libelf only reads it. */
	data->d_buf = (void *)(uintptr_t)section->data;
	return NULL;
}

/* What does not fit in the 16 bits of the header; libelf does this for the count only. */
static struct mkp_error *put_names_index(const struct mkp_output *output, Elf *elf,
					 const char *path)
{
	Elf_Scn *scn = elf_getscn(elf, 0);
	Elf64_Shdr *header = scn ? elf64_getshdr(scn) : NULL;

	if (output->names < SHN_LORESERVE)
		return NULL;
	if (!header)
		return elf_error(path);
	header->sh_link = output->names;
	elf_flagshdr(scn, ELF_C_SET, ELF_F_DIRTY);
	return NULL;
}

static struct mkp_error *encode(const struct mkp_output *output, int fd, const char *path)
{
	struct mkp_error *error;
	Elf *elf;

	if (elf_version(EV_CURRENT) == EV_NONE)
		return elf_error(path);
	elf = elf_begin(fd, ELF_C_WRITE, NULL);
	if (!elf)
		return elf_error(path);
	error = put_header(output, elf, path);
	for (uint32_t i = 1; !error && i < output->nr_sections; i++)
		error = put_section(&output->sections[i], elf, path);
	if (!error)
		error = put_names_index(output, elf, path);
	if (!error && elf_update(elf, ELF_C_WRITE) < 0)
		error = elf_error(path);
	elf_end(elf);
	return error;
}

struct mkp_error *mkp_output_write(struct mkp_output *output, const char *path)
{
	MKP_CLEANUP_FREE void *names = NULL;
	struct mkp_error *error = name_sections(output, &names);
	struct staged staged = { .fd = -1 };

	if (error)
		return error;
	error = stage(path, &staged);
	if (error)
		return error;
	error = encode(output, staged.fd, path);
	if (!error)
		error = commit(&staged, path, output->mode);
	unstage(&staged, /* committed= */ !error);
	return error;
}

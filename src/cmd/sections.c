// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `mkpatch sections FILE...`: which tables a kernel or its objects have, and
 * which of them mkpatch knows. For a kernel that nobody tried yet.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/array.h"
#include "base/text.h"
#include "cmd/cmd.h"
#include "diff/section_class.h"
#include "elf/order.h"

static const char usage[] = "mkpatch sections [--config FILE] FILE...";

enum {
	OPTION_CONFIG
};

static const struct mkp_option options[] = {
	[OPTION_CONFIG] = { "config", 'c', "FILE", "configuration of the kernel" },
};

/* Entries of tables are not larger. */
#define MAX_ENTRY 96

/* ---- the size of an entry, from where the relocations are ---- */

/* Offsets of relocations in a section, ascending. */
struct offsets {
	uint64_t *at;
	size_t count;
};

static int compare_numbers(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* In a vmlinux with relocations (CONFIG_X86_NEED_RELOCS) their offsets are
 * addresses. */
static struct mkp_error *read_linked(const struct mkp_object *object,
				     const struct mkp_section *section,
				     const struct mkp_section *rela,
				     struct offsets *offsets)
{
	size_t count = rela->data ? rela->size / sizeof(Elf64_Rela) : 0;
	struct mkp_error *error = mkp_array_create(count, sizeof(*offsets->at),
						   &offsets->at);
	Elf64_Rela raw;

	for (size_t i = 0; i < count && !error; i++) {
		memcpy(&raw, rela->data + i * sizeof(raw), sizeof(raw));
		raw.r_offset = mkp_object_get64(object, raw.r_offset);
		if (raw.r_offset >= section->address &&
		    raw.r_offset - section->address < section->size)
			offsets->at[offsets->count++] = raw.r_offset - section->address;
	}
	return error;
}

static struct mkp_error *read_offsets(const struct mkp_object *object,
				      const struct mkp_section *section,
				      const struct mkp_section *rela,
				      struct offsets *offsets)
{
	struct mkp_error *error;

	if (object->type != ET_REL)
		error = read_linked(object, section, rela, offsets);
	else
		error = mkp_array_create(section->nr_relocs, sizeof(*offsets->at),
					 &offsets->at);
	for (uint32_t i = 0; i < section->nr_relocs && !error; i++)
		offsets->at[offsets->count++] =
			object->relocs[section->first_reloc + i].offset;
	if (!error && offsets->count)
		qsort(offsets->at, offsets->count, sizeof(*offsets->at), compare_numbers);
	return error;
}

/* How many relocations each entry of @size bytes has; 0: not all the same. */
static bool repeats(const struct offsets *offsets, uint64_t whole, uint64_t size)
{
	size_t per_entry = 0;

	while (per_entry < offsets->count && offsets->at[per_entry] < size)
		per_entry++;
	if (!per_entry || offsets->count % per_entry ||
	    offsets->count / per_entry != whole / size)
		return false;
	for (size_t i = per_entry; i < offsets->count; i++)
		if (offsets->at[i] != offsets->at[i - per_entry] + size)
			return false;
	return true;
}

/* The shortest period of the relocations; 0: they have none, or there is one
 * entry. */
static uint64_t find_period(const struct offsets *offsets, uint64_t whole)
{
	for (uint64_t size = 2; size <= MAX_ENTRY && size < whole; size++)
		if (!(whole % size) && repeats(offsets, whole, size))
			return size;
	return 0;
}

/* ---- one section ---- */

struct verdict {
	const char *what, *covered;
	uint64_t size, entry; /* 0: not known */
	bool gap;	      /* mkpatch needs to learn something */
};

/* The size of the row by which the relocations repeat; 0: none of them. */
static uint64_t find_row_size(const struct mkp_special_row *row,
			      const struct offsets *offsets, uint64_t whole)
{
	for (int i = 0; i < MKP_SPECIAL_MAX_SIZES && row->sizes[i]; i++)
		if (row->sizes[i] <= whole && repeats(offsets, whole, row->sizes[i]))
			return row->sizes[i];
	return 0;
}

static struct mkp_error *judge(const struct mkp_object *object,
			       const struct mkp_arch *arch,
			       const struct mkp_section *section,
			       const struct mkp_section *rela,
			       struct verdict *ret_verdict)
{
	enum mkp_class class = mkp_section_class(arch, section);
	const struct mkp_special_row *row = mkp_arch_special(arch, section->name);
	struct offsets offsets = { 0 };
	struct verdict verdict = { .what = mkp_class_name(class),
				   .size = section->size,
				   .covered = "by its class" };
	struct mkp_error *error = read_offsets(object, section, rela, &offsets);

	if (error)
		return error;
	verdict.entry = find_period(&offsets, section->size);
	/* What has no content is made by the linker, for the kernel to fill. */
	if (class == MKP_CLASS_UNKNOWN && section->type != SHT_NOBITS) {
		verdict.covered = "no: what is it for?";
		verdict.gap = true;
	}
	if (row) {
		uint64_t size = find_row_size(row, &offsets, section->size);

		verdict.what = row->what;
		/* Entries with nothing but relocations repeat at parts of their size. */
		verdict.gap = verdict.entry && !size;
		verdict.covered = verdict.gap ? "no: entries of another size"
					      : "by a row";
		if (size)
			verdict.entry = size;
	}
	free(offsets.at);
	*ret_verdict = verdict;
	return NULL;
}

/* Code, data and strings are in every file and say nothing about a kernel. */
static bool is_ordinary(enum mkp_class class)
{
	switch (class) {
	case MKP_CLASS_SPECIAL:
	case MKP_CLASS_COMPANION:
	case MKP_CLASS_AUX:
	case MKP_CLASS_REGISTER:
	case MKP_CLASS_ONCE:
	case MKP_CLASS_UNKNOWN:
		return false;
	default:
		return true;
	}
}

static void print_section(const char *name, const struct verdict *verdict)
{
	char entry[24] = "-";

	if (verdict->entry)
		snprintf(entry, sizeof(entry), "%" PRIu64, verdict->entry);
	printf("%-7s  %8" PRIu64 "  %5s  %-27s ", verdict->gap ? "gap" : "covered",
	       verdict->size, entry, verdict->what);
	mkp_text_escape(stdout, name);
	printf("  %s\n", verdict->covered);
}

static struct mkp_error *survey(const struct mkp_object *object, size_t *gaps)
{
	const struct mkp_arch *arch = mkp_arch_find(object->machine);
	struct mkp_error *error = NULL;

	if (!arch)
		return mkp_error_create(MKP_ERROR_UNSUPPORTED,
					"%s: machine %u is not supported", object->path,
					object->machine);
	for (uint32_t i = 1; i < object->nr_sections && !error; i++) {
		const struct mkp_section *section = &object->sections[i];
		/* The relocations of a linked file stand behind their section. */
		const struct mkp_section *rela =
			&object->sections[i + 1 < object->nr_sections ? i + 1 : 0];
		struct verdict verdict;

		if (is_ordinary(mkp_section_class(arch, section)) || !section->size)
			continue;
		if (rela->type != SHT_RELA || rela->info != i)
			rela = &object->sections[0];
		error = judge(object, arch, section, rela, &verdict);
		if (error)
			break;
		*gaps += verdict.gap;
		print_section(section->name, &verdict);
	}
	return error;
}

/* ---- the configuration ---- */

static const struct {
	const char *name, *why;
} config_options[] = {
	{ "LIVEPATCH", "live patches can be loaded" },
	{ "DYNAMIC_FTRACE_WITH_REGS", "how calls are redirected, or _ARGS" },
	{ "DYNAMIC_FTRACE_WITH_ARGS", "how calls are redirected, or _REGS" },
	{ "KALLSYMS_ALL", "variables can be found by name" },
	{ "HAVE_RELIABLE_STACKTRACE", "transitions end by themselves" },
	{ "UNWINDER_ORC", "modules need ORC data" },
	{ "UNWINDER_FRAME_POINTER", "code needs frame pointers" },
	{ "MODVERSIONS", "imports need checksums" },
	{ "MODULE_SIG_FORCE", "modules must be signed" },
	{ "TRIM_UNUSED_KSYMS", "few symbols are exported" },
	{ "JUMP_LABEL", "static branches are code" },
	{ "HAVE_STATIC_CALL_INLINE", "static calls are code" },
	{ "PARAVIRT", "calls of a hypervisor are code" },
	{ "RETPOLINE", "indirect branches go to thunks" },
	{ "MITIGATION_RETPOLINE", "indirect branches go to thunks" },
	{ "RETHUNK", "returns go to a thunk" },
	{ "MITIGATION_RETHUNK", "returns go to a thunk" },
	{ "CALL_PADDING", "functions have bytes in front of them" },
	{ "X86_KERNEL_IBT", "objtool runs after the link" },
	{ "CFI_CLANG", "functions have a hash in front of them" },
	{ "LTO_CLANG", "objects are no machine code" },
	{ "RANDSTRUCT", "structures differ from build to build" },
	{ "GCC_PLUGIN_RANDSTRUCT", "structures differ from build to build" },
	{ "GCC_PLUGIN_LATENT_ENTROPY", "code differs from build to build" },
};

/* Which of them a line "CONFIG_NAME=VALUE" is about; -1: none. */
static int find_option(const char *line, const char **ret_value)
{
	if (strncmp(line, "CONFIG_", 7) != 0)
		return -1;
	line += 7;
	for (size_t i = 0; i < MKP_ARRAY_SIZE(config_options); i++) {
		size_t length = strlen(config_options[i].name);

		if (strncmp(line, config_options[i].name, length) || line[length] != '=')
			continue;
		*ret_value = line + length + 1;
		return (int)i;
	}
	return -1;
}

static struct mkp_error *show_config(const char *path)
{
	char *set[MKP_ARRAY_SIZE(config_options)] = { 0 }, *line = NULL;
	FILE *stream = fopen(path, "re");
	struct mkp_error *error = NULL;
	size_t capacity = 0, any = 0;
	const char *value;

	if (!stream)
		return mkp_error_create_errno(errno, "%s", path);
	while (getline(&line, &capacity, stream) >= 0) {
		int i = find_option(line, &value);

		any += !strncmp(line, "CONFIG_", 7);
		if (i >= 0 && !set[i])
			set[i] = strndup(value, strcspn(value, "\n"));
	}
	if (ferror(stream))
		error = mkp_error_create_errno(errno, "%s", path);
	else if (!any)
		error = mkp_error_create(MKP_ERROR_FORMAT,
					 "%s: no configuration of a kernel", path);
	fclose(stream);
	free(line);
	for (size_t i = 0; i < MKP_ARRAY_SIZE(config_options); i++) {
		if (!error)
			printf("CONFIG_%-26s %-3s  %s\n", config_options[i].name,
			       set[i] ? set[i] : "no", config_options[i].why);
		free(set[i]);
	}
	return error;
}

/* ---- the verb ---- */

static int show_file(const char *path, size_t *gaps)
{
	struct mkp_object *object = NULL;
	struct mkp_error *error = mkp_object_open(path, &object);

	if (!error) {
		mkp_text_escape(stdout, path);
		printf(":\nSTATE        BYTES  ENTRY  WHAT                        "
		       "SECTION\n");
		error = survey(object, gaps);
	}
	mkp_object_destroy(object);
	return error ? mkp_fail(error) : -1;
}

static int run_sections(int argc, char **argv)
{
	struct mkp_option_parser parser = {
		.argc = argc,
		.argv = argv,
		.options = options,
		.nr_options = MKP_ARRAY_SIZE(options),
	};
	struct mkp_option_value value;
	const char *config = NULL;
	size_t gaps = 0, files = 0;
	struct mkp_error *error = NULL;
	int code;

	while (mkp_options_next(&parser, usage, &value, &code)) {
		if (value.index == OPTION_CONFIG) {
			config = value.value;
			continue;
		}
		files++;
		code = show_file(value.value, &gaps);
		if (code >= 0)
			break;
	}
	mkp_options_deinit(&parser);
	if (code >= 0)
		return code;
	if (!files && !config)
		return mkp_fail_usage("sections needs a vmlinux, a module or an object");
	if (config)
		error = show_config(config);
	if (error)
		return mkp_fail(error);
	return gaps ? MKP_EXIT_REFUSED : MKP_EXIT_OK;
}

const struct mkp_verb mkp_verb_sections = {
	"sections",
	run_sections,
	"tell which tables of a kernel mkpatch knows",
};

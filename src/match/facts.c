// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What both sides say about how they were made: what explains a difference.
 */
#include <stdio.h>
#include <string.h>

#include "base/array.h"
#include "elf/producer.h"
#include "match/preflight.h"

static struct mkp_error *add_fact(struct mkp_preflight *preflight, const char *what,
				  const char *object, const char *image, bool same)
{
	struct mkp_fact fact = { .what = what, .same = same };
	struct mkp_error *error = mkp_array_reserve(
		&preflight->facts, &preflight->cap_facts, preflight->nr_facts + 1,
		sizeof(*preflight->facts));

	if (error)
		return error;
	fact.object = mkp_arena_strdup(&preflight->arena, object);
	fact.image = mkp_arena_strdup(&preflight->arena, image);
	if ((object && !fact.object) || (image && !fact.image))
		return mkp_error_nomem();
	preflight->facts[preflight->nr_facts++] = fact;
	return NULL;
}

/* ---- .comment ---- */

/* The strings of a section that is nothing but strings; NULL at the end. */
static const char *next_string(const struct mkp_section *section, uint64_t *at)
{
	const char *data = (const char *)section->data, *string;

	while (data && *at < section->size && !data[*at])
		(*at)++;
	if (!data || *at >= section->size)
		return NULL;
	string = data + *at;
	if (strnlen(string, section->size - *at) == section->size - *at)
		return NULL;
	*at += strlen(string);
	return string;
}

static const struct mkp_section *find_section(const struct mkp_object *object,
					      const char *name)
{
	return &object->sections[mkp_object_find_section(object, name)];
}

static bool has_string(const struct mkp_section *section, const char *wanted)
{
	uint64_t at = 0;
	const char *string;

	while ((string = next_string(section, &at)))
		if (!strcmp(string, wanted))
			return true;
	return false;
}

/* A vmlinux has the names of all compilers that it was made by. */
static struct mkp_error *compare_compiler(struct mkp_preflight *preflight)
{
	const struct mkp_section *here = find_section(preflight->match->graph->object,
						      ".comment");
	const struct mkp_section *there = find_section(preflight->match->space.object,
						       ".comment");
	uint64_t at = 0, other = 0;
	const char *compiler = next_string(here, &at);
	const char *image = next_string(there, &other);

	if (!compiler || !image)
		return NULL;
	if (has_string(there, compiler))
		image = compiler;
	return add_fact(preflight, "compiler", compiler, image, image == compiler);
}

/* ---- The command line, from DWARF ---- */

/* What is asked of everybody who makes objects for us, see README.md. */
static bool is_our_option(const char *option, size_t length)
{
	static const char *const ours[] = { "-ffunction-sections", "-fdata-sections" };

	for (size_t i = 0; i < MKP_ARRAY_SIZE(ours); i++)
		if (strlen(ours[i]) == length && !strncmp(option, ours[i], length))
			return true;
	return false;
}

static bool has_word(const char *text, const char *word, size_t length)
{
	const char *at = text;

	while ((at = strstr(at, " "))) {
		at++;
		if (!strncmp(at, word, length) && (!at[length] || at[length] == ' '))
			return true;
	}
	return false;
}

/* The options of @producer that @other does not have, as text; malloc'ed. */
static struct mkp_error *options_beyond(const char *producer, const char *other,
					char **ret_text)
{
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);
	const char *at = producer;

	if (!stream)
		return mkp_error_nomem();
	while ((at = strchr(at, ' '))) {
		size_t length = strcspn(++at, " ");

		if (*at == '-' && !is_our_option(at, length) &&
		    !has_word(other, at, length))
			fprintf(stream, "%s%.*s", ftell(stream) ? " " : "", (int)length,
				at);
	}
	if (fclose(stream)) {
		free(text);
		return mkp_error_nomem();
	}
	*ret_text = text;
	return NULL;
}

/* The address of something that differs: its source file's options are wanted. */
static bool find_wrong(const struct mkp_match *match, uint64_t *ret_address)
{
	size_t count;
	const struct mkp_image_symbol *symbols = mkp_image_symbols(match->space.image,
								   &count);

	for (uint32_t i = 0; i < match->graph->nr_atoms; i++) {
		if (match->atoms[i].state != MKP_MATCH_DIFFERS ||
		    match->graph->atoms[i].kind != MKP_ATOM_FUNC)
			continue;
		/* Addresses of a module are not those of its DWARF. */
		*ret_address = match->space.object->type == ET_REL
				       ? 0
				       : symbols[match->atoms[i].symbol].address;
		return true;
	}
	return false;
}

static struct mkp_error *compare_options(struct mkp_preflight *preflight)
{
	const struct mkp_match *match = preflight->match;
	MKP_CLEANUP_FREE char *here = NULL;
	MKP_CLEANUP_FREE char *there = NULL;
	MKP_CLEANUP_FREE char *here_only = NULL;
	MKP_CLEANUP_FREE char *there_only = NULL;
	const char *debug = mkp_image_debug_path(match->space.image);
	uint64_t address;
	struct mkp_error *error;

	if (!find_wrong(match, &address))
		return NULL;
	error = mkp_producer_read(match->graph->object->path, 0, &here);
	if (!error)
		error = mkp_producer_read(debug ? debug : match->space.object->path,
					  address, &there);
	if (error || !here || !there)
		return error;
	error = options_beyond(here, there, &here_only);
	if (!error)
		error = options_beyond(there, here, &there_only);
	return error ? error
		     : add_fact(preflight, "compiler options", here_only, there_only,
				!*here_only && !*there_only);
}

/* ---- A module and its kernel ---- */

/* The module is of the kernel: vermagic begins with its release. */
static struct mkp_error *compare_release(struct mkp_preflight *preflight,
					 const struct mkp_image *vmlinux)
{
	const char *vermagic = mkp_image_modinfo(preflight->match->space.image,
						 "vermagic");
	const char *release = vmlinux ? mkp_image_release(vmlinux) : NULL;

	if (!vermagic || !release)
		return NULL;
	return add_fact(preflight, "vermagic of the module, release of vmlinux", vermagic,
			release,
			strcspn(vermagic, " ") == strlen(release) &&
				!strncmp(vermagic, release, strlen(release)));
}

/* module_layout stands for the layout of struct module and others: one configuration. */
static struct mkp_error *compare_layout(struct mkp_preflight *preflight,
					const struct mkp_symvers *symvers)
{
	const struct mkp_export *export =
		symvers ? mkp_symvers_find(symvers, "module_layout") : NULL;
	char here[16], there[16];
	uint32_t crc;

	if (!export ||
	    !mkp_image_import_crc(preflight->match->space.image, "module_layout", &crc))
		return NULL;
	snprintf(here, sizeof(here), "0x%08x", crc);
	snprintf(there, sizeof(there), "0x%08x", export->crc);
	return add_fact(preflight,
			"CRC of module_layout in the module, in Module.symvers", here,
			there, crc == export->crc);
}

struct mkp_error *mkp_preflight_init(struct mkp_preflight *preflight,
				     const struct mkp_match *match,
				     const struct mkp_preflight_context *context)
{
	struct mkp_error *error;

	*preflight = (struct mkp_preflight){ .match = match };
	mkp_arena_init(&preflight->arena);
	error = compare_compiler(preflight);
	if (!error && mkp_preflight_count_wrong(match))
		error = compare_options(preflight);
	if (!error && match->space.object->type == ET_REL)
		error = compare_release(preflight, context->vmlinux);
	if (!error && match->space.object->type == ET_REL)
		error = compare_layout(preflight, context->symvers);
	if (error)
		mkp_preflight_deinit(preflight);
	return error;
}

void mkp_preflight_deinit(struct mkp_preflight *preflight)
{
	mkp_arena_deinit(&preflight->arena);
	free(preflight->facts);
	*preflight = (struct mkp_preflight){ 0 };
}

bool mkp_preflight_is_wrong(const struct mkp_match *match, uint32_t atom)
{
	/* A variable without a symbol: the linker merged or dropped it. What refers to it
	 * was compared. */
	if (match->atoms[atom].state == MKP_MATCH_ABSENT)
		return match->graph->atoms[atom].kind == MKP_ATOM_FUNC;
	return match->atoms[atom].state == MKP_MATCH_DIFFERS;
}

uint32_t mkp_preflight_count_wrong(const struct mkp_match *match)
{
	uint32_t wrong = 0;

	for (uint32_t i = 0; i < match->graph->nr_atoms; i++)
		wrong += mkp_preflight_is_wrong(match, i);
	return wrong;
}

struct mkp_error *mkp_preflight_explain(const struct mkp_preflight *preflight,
					char **ret_text)
{
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	if (!stream)
		return mkp_error_nomem();
	for (size_t i = 0; i < preflight->nr_facts; i++) {
		const struct mkp_fact *fact = &preflight->facts[i];

		if (!fact->same)
			fprintf(stream, "%sanother %s", ftell(stream) ? ", " : "",
				fact->what);
	}
	if (!ftell(stream))
		fputs("the compiler is the same: another source or configuration",
		      stream);
	if (fclose(stream)) {
		free(text);
		return mkp_error_nomem();
	}
	*ret_text = text;
	return NULL;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From "the function that this object file calls foo" to the n-th foo of the kernel.
 *
 * A symbol of the image fits a query in steps; each narrows what the step before left:
 *
 *  1. kind      function or variable, and local or global
 *  2. file      a local is behind an STT_FILE symbol of its source file's name
 *  3. locals    that file is the one that has the other locals of the object
 *
 * All three exclude: a symbol that fails one is another symbol, even if it is the only
 * one of its name (the one that is meant may have been inlined everywhere). Only what
 * they leave is told apart by
 *
 *  4. exact     a file that has the locals of the object and no others
 *  5. size
 *
 * which choose but never exclude. Step 3 asks about siblings that are known in a file of
 * this name only: what the linker dropped, or a compiler suffix that no build of the
 * kernel has, says nothing about which file it is.
 */
#include <string.h>

#include "image/private.h"

struct search {
	const struct mkp_image *image;
	const struct mkp_image_query *query;
	const char *file; /* basename; NULL: files tell nothing here */
	bool same_files;  /* several files of the image have that name */
	const struct mkp_index_entry *entries;
	size_t nr_entries; /* of this hash; those of other names are skipped */
};

enum step {
	STEP_NAME,
	STEP_KIND,
	STEP_FILE,
	STEP_LOCALS,
};

/* Candidates and how many different places they are: an alias is the same place. */
struct tally {
	const struct mkp_image_symbol *first;
	uint32_t count;
	bool several;
};

static void tally_add(struct tally *tally, const struct mkp_image_symbol *symbol)
{
	if (!tally->first)
		tally->first = symbol;
	else if (tally->first->address != symbol->address ||
		 tally->first->section != symbol->section)
		tally->several = true;
	tally->count++;
}

/* The next symbol of the queried name from *at on, in kallsyms' order; NULL: no more. */
static const struct mkp_image_symbol *next_symbol(const struct search *search, size_t *at)
{
	while (*at < search->nr_entries) {
		const struct mkp_image_symbol *symbol =
			&search->image->symbols[search->entries[(*at)++].id];

		if (!strcmp(symbol->name, search->query->name))
			return symbol;
	}
	return NULL;
}

static void search_init(struct search *search, const struct mkp_image *image,
			const struct mkp_image_query *query)
{
	size_t nr_files = 0;

	*search = (struct search){ .image = image, .query = query };
	search->entries = mkp_index_find(&image->names, mkp_hash_string(query->name),
					 &search->nr_entries);
	/* A text has no files, nor has a stripped module. */
	if (!query->local || !query->file || image->nr_blocks <= 1)
		return;
	search->file = mkp_path_basename(query->file);
	(void)mkp_index_find(&image->files, mkp_hash_string(search->file), &nr_files);
	search->same_files = nr_files > 1;
}

static bool fits_kind(const struct search *search, const struct mkp_image_symbol *symbol)
{
	const struct mkp_image_query *query = search->query;

	if (query->local ? symbol->global : symbol->local)
		return false;
	return !(query->function && symbol->object) &&
	       !(query->object && symbol->function);
}

static bool fits_file(const struct search *search, const struct mkp_image_symbol *symbol)
{
	if (!search->file)
		return true;
	return symbol->file && !strcmp(symbol->file, search->file);
}

/* Is a local @name in a file of the queried name (*ret_known), and in @block? */
static bool is_in_block(const struct search *search, const char *name, uint32_t block,
			bool *ret_known)
{
	size_t count, i;
	const struct mkp_index_entry *entries = mkp_index_find(
		&search->image->places,
		mkp_image_place(mkp_hash_string(name), mkp_hash_string(search->file)),
		&count);

	*ret_known = false;
	for (i = 0; i < count; i++) {
		const struct mkp_image_symbol *symbol =
			&search->image->symbols[entries[i].id];

		if (strcmp(symbol->name, name) != 0 ||
		    strcmp(symbol->file, search->file) != 0)
			continue;
		*ret_known = true;
		if (symbol->block == block)
			return true;
	}
	return false;
}

/* How many siblings @block has; false if it lacks one that another such file has. */
static bool has_siblings(const struct search *search, uint32_t block, uint32_t *ret_count)
{
	const struct mkp_image_query *query = search->query;
	uint32_t count = 0;
	bool known;
	size_t i;

	for (i = 0; i < query->nr_siblings; i++) {
		if (is_in_block(search, query->siblings[i], block, &known))
			count++;
		else if (known)
			return false;
	}
	*ret_count = count;
	return true;
}

static bool knows_locals(const struct search *search)
{
	return search->same_files && search->query->nr_siblings;
}

static bool fits_locals(const struct search *search,
			const struct mkp_image_symbol *symbol)
{
	uint32_t count;

	return !knows_locals(search) || has_siblings(search, symbol->block, &count);
}

static bool is_exact_file(const struct search *search,
			  const struct mkp_image_symbol *symbol)
{
	uint32_t count = 0;

	return knows_locals(search) && has_siblings(search, symbol->block, &count) &&
	       count == search->image->blocks[symbol->block].nr_locals;
}

static bool fits_size(const struct search *search, const struct mkp_image_symbol *symbol)
{
	return search->query->size && symbol->size == search->query->size;
}

/* The last step that @symbol passes. */
static enum step steps_passed(const struct search *search,
			      const struct mkp_image_symbol *symbol)
{
	if (!fits_kind(search, symbol))
		return STEP_NAME;
	if (!fits_file(search, symbol))
		return STEP_KIND;
	return fits_locals(search, symbol) ? STEP_LOCALS : STEP_FILE;
}

/* tallies[step]: the symbols that pass this step; that of STEP_NAME has all. */
static void take_steps(const struct search *search, struct tally *tallies)
{
	const struct mkp_image_symbol *symbol;
	size_t at = 0;

	while ((symbol = next_symbol(search, &at))) {
		enum step passed = steps_passed(search, symbol), step;

		for (step = STEP_NAME; step <= passed; step++)
			tally_add(&tallies[step], symbol);
	}
}

typedef bool chooser(const struct search *search, const struct mkp_image_symbol *symbol);

/* The one candidate for which @chooses is true, NULL if that are none or several. */
static const struct mkp_image_symbol *choose(const struct search *search,
					     chooser *chooses)
{
	const struct mkp_image_symbol *symbol;
	struct tally tally = { 0 };
	size_t at = 0;

	while ((symbol = next_symbol(search, &at)))
		if (steps_passed(search, symbol) == STEP_LOCALS &&
		    chooses(search, symbol))
			tally_add(&tally, symbol);
	return tally.several ? NULL : tally.first;
}

/* Which of the steps left one place where the one before had several. */
static enum mkp_image_reason what_decided(const struct tally *tallies)
{
	if (tallies[STEP_FILE].several)
		return MKP_BY_SIBLINGS;
	return tallies[STEP_KIND].several ? MKP_BY_FILE : MKP_BY_NAME;
}

static const struct mkp_image_symbol *decide(const struct search *search,
					     const struct tally *tallies,
					     enum mkp_image_reason *ret_reason)
{
	const struct mkp_image_symbol *symbol;

	*ret_reason = what_decided(tallies);
	if (!tallies[STEP_LOCALS].several)
		return tallies[STEP_LOCALS].first;
	*ret_reason = MKP_BY_SIBLINGS;
	symbol = choose(search, is_exact_file);
	if (symbol)
		return symbol;
	*ret_reason = MKP_BY_SIZE;
	symbol = choose(search, fits_size);
	if (!symbol)
		*ret_reason = MKP_SEVERAL;
	return symbol;
}

/* Why no symbol passed all steps. */
static void set_missing(const struct tally *tallies, struct mkp_image_match *match)
{
	match->verdict = MKP_NOT_FOUND;
	if (tallies[STEP_FILE].count) {
		/* The right file may be among them, compiled differently. */
		match->verdict = MKP_AMBIGUOUS;
		match->reason = MKP_OTHER_LOCALS;
		match->nr_candidates = tallies[STEP_FILE].count;
	} else if (tallies[STEP_KIND].count) {
		match->reason = MKP_OTHER_FILE;
	} else {
		match->reason = tallies[STEP_NAME].count ? MKP_OTHER_KIND : MKP_NO_NAME;
	}
}

/* Its number among those of its name, from 1; without the init part if @core. */
static uint64_t count_to(const struct search *search,
			 const struct mkp_image_symbol *symbol, bool core)
{
	const struct mkp_image_symbol *each;
	uint64_t position = 0;
	size_t at = 0;

	while ((each = next_symbol(search, &at))) {
		position += !core || !each->loading_only;
		if (each == symbol)
			break;
	}
	return position;
}

/* Whether the kernel finds others by that name, or not this one: see kallsyms.c. */
static bool is_shortened(const struct search *search)
{
	const char *name = search->query->name;
	size_t count, length = strlen(name);
	const struct mkp_index_entry *entries = mkp_index_find(
		&search->image->shortened, mkp_hash_string(name), &count);

	for (size_t i = 0; i < count; i++) {
		const char *other = search->image->symbols[entries[i].id].name;

		if (!strncmp(other, name, length) &&
		    !strncmp(other + length, MKP_LTO_SUFFIX, strlen(MKP_LTO_SUFFIX)))
			return true;
	}
	return search->image->shortened.count && strstr(name, MKP_LTO_SUFFIX);
}

static void set_found(const struct search *search, const struct mkp_image_symbol *symbol,
		      struct mkp_image_match *match)
{
	const struct mkp_image_query *query = search->query;
	uint64_t position = count_to(search, symbol, /* core= */ false);

	if (symbol->loading_only) {
		match->verdict = MKP_NOT_FOUND;
		match->reason = MKP_LOADING_ONLY;
		return;
	}
	if (is_shortened(search)) {
		match->verdict = MKP_AMBIGUOUS;
		match->reason = MKP_SHORTENED;
		return;
	}
	/* A patch binds before the module's init runs, or long after. */
	if (position != count_to(search, symbol, /* core= */ true)) {
		match->verdict = MKP_AMBIGUOUS;
		match->reason = MKP_MOVING;
		return;
	}
	match->verdict = MKP_RESOLVED;
	match->symbol = symbol;
	match->position = match->nr_same_name == 1 ? 0 : position;
	match->size_differs = query->size && symbol->size && query->size != symbol->size;
}

void mkp_image_resolve(const struct mkp_image *image, const struct mkp_image_query *query,
		       struct mkp_image_match *ret_match)
{
	struct tally tallies[STEP_LOCALS + 1] = { 0 };
	const struct mkp_image_symbol *symbol;
	struct search search;

	search_init(&search, image, query);
	take_steps(&search, tallies);
	*ret_match = (struct mkp_image_match){
		.nr_same_name = tallies[STEP_NAME].count,
		.nr_candidates = tallies[STEP_LOCALS].count,
	};
	if (!tallies[STEP_LOCALS].count) {
		set_missing(tallies, ret_match);
		return;
	}
	symbol = decide(&search, tallies, &ret_match->reason);
	if (symbol)
		set_found(&search, symbol, ret_match);
	else
		ret_match->verdict = MKP_AMBIGUOUS;
}

void mkp_image_match_symbol(const struct mkp_image *image,
			    const struct mkp_image_query *query,
			    const struct mkp_image_symbol *symbol,
			    struct mkp_image_match *ret_match)
{
	struct tally tallies[STEP_LOCALS + 1] = { 0 };
	struct search search;

	search_init(&search, image, query);
	take_steps(&search, tallies);
	*ret_match = (struct mkp_image_match){
		.reason = MKP_BY_CODE,
		.nr_same_name = tallies[STEP_NAME].count,
		.nr_candidates = 1,
	};
	set_found(&search, symbol, ret_match);
}

const char *mkp_image_reason_text(enum mkp_image_reason reason)
{
	static const char *const texts[] = {
		[MKP_BY_NAME] = "by its name",
		[MKP_BY_FILE] = "by its source file",
		[MKP_BY_SIBLINGS] = "by the other locals of its source file",
		[MKP_BY_SIZE] = "by its size only",
		[MKP_BY_CODE] = "by its content and what refers to it",
		[MKP_NO_NAME] = "it has no symbol of that name",
		[MKP_OTHER_KIND] = "it has that name only with another binding or kind",
		[MKP_OTHER_FILE] = "it has that name only in other source files",
		[MKP_LOADING_ONLY] = "it is in the module's init part, which is freed",
		[MKP_SEVERAL] = "several symbols fit equally well",
		[MKP_OTHER_LOCALS] = "no source file of that name has the same locals",
		[MKP_MOVING] = "its position changes when the init part is freed",
		[MKP_SHORTENED] = "kernels before 6.11 look for names without .llvm.HASH",
	};

	return texts[reason];
}

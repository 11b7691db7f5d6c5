// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A line that is added moves all code behind it, so the first byte that differs is often
 * that of a branch across it: `je +0x1bd` is `je +0x1d4` now. That is the first
 * difference, and tells nothing. Here both functions are followed from there on, while
 * nothing differs but where branches within them lead.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "diff/explain.h"

/* One of two functions on the way. */
struct walker {
	const struct mkp_graph *graph;
	const struct mkp_atom *atom;
	const uint8_t *data;
	uint64_t at;	 /* offset of the instruction */
	uint64_t length; /* 0: there is none */
	char *text;	 /* owned */
};

/* Text of the instruction; what it refers to is compared by itself. */
static struct mkp_error *read_insn(struct walker *walker)
{
	size_t size;
	FILE *stream;

	free(walker->text);
	walker->text = NULL;
	stream = open_memstream(&walker->text, &size);
	if (!stream)
		return mkp_error_nomem();
	walker->length = walker->graph->arch->disassemble(
		walker->data, walker->atom->size, walker->at, NULL, stream);
	return fclose(stream) ? mkp_error_nomem() : NULL;
}

static struct mkp_error *read_insns(struct walker walkers[2])
{
	struct mkp_error *error = read_insn(&walkers[0]);

	return error ? error : read_insn(&walkers[1]);
}

/* The reference in the instruction, or NULL. */
static const struct mkp_ref *insn_ref(const struct walker *walker)
{
	for (uint64_t i = 0; i < walker->length; i++) {
		const struct mkp_ref *ref = mkp_atom_ref_at(walker->graph, walker->atom,
							    walker->at + i);

		if (ref)
			return ref;
	}
	return NULL;
}

/* Length of "je" in "je +0x12"; 0: the instruction is something else. */
static size_t branch_length(const struct walker *walker)
{
	size_t length = strcspn(walker->text, " ");

	if (strncmp(walker->text + length, " +0x", 4) != 0 ||
	    walker->text[length + 2 + strcspn(walker->text + length + 2, " (,")] != '\0')
		return 0;
	return length;
}

static bool same_but_for_branches(struct mkp_diff *diff, const struct walker walkers[2])
{
	const struct mkp_ref *a = insn_ref(&walkers[0]), *b = insn_ref(&walkers[1]);
	size_t branch = branch_length(&walkers[0]);

	if (!walkers[0].length || !walkers[1].length || !a != !b)
		return false;
	if (a)
		return walkers[0].length == walkers[1].length &&
		       a->place - walkers[0].at == b->place - walkers[1].at &&
		       mkp_refs_equal(diff, a, b, 0) &&
		       !memcmp(walkers[0].data + walkers[0].at,
			       walkers[1].data + walkers[1].at, a->place - walkers[0].at);
	if (branch && branch == branch_length(&walkers[1]))
		return !strncmp(walkers[0].text, walkers[1].text, branch);
	return !strcmp(walkers[0].text, walkers[1].text);
}

struct mkp_error *mkp_explain_past_branches(const struct mkp_explainer *explainer,
					    uint32_t orig, uint32_t patched,
					    uint64_t places[2])
{
	const uint32_t atoms[2] = { orig, patched };
	struct walker walkers[2] = { { 0 } };
	struct mkp_error *error = NULL;
	bool moved = false;

	for (int i = 0; i < 2; i++) {
		walkers[i].graph = mkp_explain_graph(explainer, i);
		walkers[i].atom = &walkers[i].graph->atoms[atoms[i]];
		walkers[i].data = mkp_atom_data(walkers[i].graph, walkers[i].atom);
		walkers[i].at = mkp_explain_insn_at(explainer, i, atoms[i], places[i]);
	}
	while (!(error = read_insns(walkers)) &&
	       same_but_for_branches(explainer->diff, walkers) &&
	       (moved || branch_length(&walkers[0]))) {
		walkers[0].at += walkers[0].length;
		walkers[1].at += walkers[1].length;
		moved = true;
	}
	if (!error && moved && walkers[0].length && walkers[1].length) {
		places[0] = walkers[0].at;
		places[1] = walkers[1].at;
	}
	free(walkers[0].text);
	free(walkers[1].text);
	return error;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Cutting sections into atoms.
 *
 * Where symbols say what is where, they decide: a sized symbol is an atom; a second
 * symbol on the same bytes is an alias of it; a symbol inside is a label. An assembler
 * function has no size: it reaches to the next symbol. What no symbol covers becomes an
 * anonymous atom, except for padding between functions. What stands right in front of a
 * function's entry belongs to it: padding that the kernel may fill with code, or the hash
 * of its type; some kernels have a symbol on it.
 *
 * String sections are cut at each NUL, sections of mergeable constants every sh_entsize
 * bytes: the linker may merge each of them on its own, so each has its own identity (its
 * content). Code that only tables and out-of-line jumps refer to (.altinstr_replacement,
 * .fixup) has no symbols; there every place that a relocation points to starts an atom.
 */
#include <string.h>

#include "base/array.h"
#include "diff/graph.h"

/* A place where something starts: a symbol, or a target of a relocation in AUX code. */
struct mark {
	uint64_t offset, size;
	uint32_t section, symbol;
	uint8_t rank; /* the best name highest */
	bool typed;
	bool prefix; /* may stand for the bytes in front of an entry */
};

/* As much in front of an entry is padding that belongs to it, at most. */
#define MAX_PREFIX 63
/* As much is a hash and the room for patching behind it. */
#define MAX_PADDED_PREFIX 64

struct cutter {
	struct mkp_graph *graph;
	struct mark *marks; /* owned; by section, offset, best symbol first */
	size_t nr_marks, cap_marks;
	size_t next;		   /* first mark of the section that comes next */
	const struct mark *prefix; /* of the function that comes next; NULL: none */
};

static int compare_marks(const void *a, const void *b)
{
	const struct mark *x = a, *y = b;

	if (x->section != y->section)
		return x->section < y->section ? -1 : 1;
	if (x->offset != y->offset)
		return x->offset < y->offset ? -1 : 1;
	if (!x->size != !y->size)
		return x->size ? -1 : 1;
	if (x->typed != y->typed)
		return x->typed ? -1 : 1;
	if (x->rank != y->rank)
		return x->rank > y->rank ? -1 : 1;
	if (x->size != y->size)
		return x->size > y->size ? -1 : 1;
	return (x->symbol > y->symbol) - (x->symbol < y->symbol);
}

static struct mkp_error *add_mark(struct cutter *cutter, const struct mark *mark)
{
	struct mkp_error *error = mkp_array_reserve(&cutter->marks, &cutter->cap_marks,
						    cutter->nr_marks + 1, sizeof(*mark));

	if (error)
		return error;
	cutter->marks[cutter->nr_marks++] = *mark;
	return NULL;
}

/* Labels that the assembler leaves for places in code or in tables. */
static bool is_assembler_label(const struct mkp_symbol *symbol)
{
	return symbol->type == STT_NOTYPE && symbol->bind == STB_LOCAL &&
	       (!strncmp(symbol->name, ".L", 2) || symbol->name[0] == '$');
}

/* By which module_init() and module_exit() make a function known to the loader, besides
 * its own name (include/linux/module.h, v6.12). */
static bool is_module_alias(const char *name)
{
	return !strcmp(name, "init_module") || !strcmp(name, "cleanup_module");
}

/* A weak name may be another file's in the kernel; the others are this code's for sure.
 * One that every module has says little. */
static uint8_t name_rank(const struct mkp_symbol *symbol)
{
	if (symbol->bind == STB_WEAK)
		return 0;
	if (is_module_alias(symbol->name))
		return 1;
	return symbol->bind == STB_LOCAL ? 2 : 3;
}

static struct mkp_error *mark_symbols(struct cutter *cutter)
{
	const struct mkp_object *object = cutter->graph->object;
	struct mkp_error *error = NULL;

	for (uint32_t i = 1; i < object->nr_symbols && !error; i++) {
		const struct mkp_symbol *symbol = &object->symbols[i];
		struct mark mark = {
			.offset = symbol->value,
			.size = symbol->size,
			.section = symbol->section,
			.symbol = i,
			.rank = name_rank(symbol),
			.typed = symbol->type != STT_NOTYPE,
		};

		mark.prefix = symbol->size && symbol->size <= MAX_PREFIX &&
			      mkp_arch_is_entry_prefix(cutter->graph->arch, symbol->name);

		if (!mkp_symbol_section(object, symbol) || symbol->type == STT_SECTION ||
		    symbol->type == STT_FILE || is_assembler_label(symbol))
			continue;
		error = add_mark(cutter, &mark);
	}
	return error;
}

/* Where in its section a relocation of AUX code points: a branch's field is the last of
 * its instruction, so the distance to its end is its width. */
static struct mkp_error *mark_aux_target(struct cutter *cutter,
					 const struct mkp_section *from,
					 const struct mkp_reloc *reloc)
{
	const struct mkp_graph *graph = cutter->graph;
	const struct mkp_symbol *symbol = &graph->object->symbols[reloc->symbol];
	const struct mkp_section *to = mkp_symbol_section(graph->object, symbol);
	const struct mkp_reloc_info *info;
	struct mark mark = { .section = symbol->section };

	if (!to || graph->classes[symbol->section] != MKP_CLASS_AUX)
		return NULL;
	info = graph->arch->reloc(reloc->type);
	mark.offset = symbol->value + (uint64_t)reloc->addend;
	if (info && (info->flags & MKP_RELOC_PCREL) && (from->flags & SHF_EXECINSTR))
		mark.offset += info->width;
	return mark.offset < to->size ? add_mark(cutter, &mark) : NULL;
}

/*
 * Whether a relocation of a section says where a piece of AUX code starts. Code jumps to
 * its beginning, and so do some fields of some tables. Other tables, and fields that say
 * which instruction is meant, may point to the middle of a piece.
 */
static bool is_lead(const struct mkp_section *section, const struct mkp_special_row *row,
		    const struct mkp_reloc *reloc)
{
	if (!row)
		return section->flags & SHF_ALLOC;
	if (!(row->flags & MKP_SPECIAL_LEADS))
		return false;
	return row->sizes[1] || reloc->offset % row->sizes[0] != row->code_field;
}

static struct mkp_error *mark_aux_targets(struct cutter *cutter)
{
	const struct mkp_object *object = cutter->graph->object;
	struct mkp_error *error = NULL;

	for (uint32_t s = 1; s < object->nr_sections && !error; s++) {
		const struct mkp_section *section = &object->sections[s];
		const struct mkp_reloc *relocs = object->relocs + section->first_reloc;
		const struct mkp_special_row *row = NULL;

		if (cutter->graph->classes[s] == MKP_CLASS_SPECIAL)
			row = mkp_arch_special(cutter->graph->arch, section->name);
		for (uint32_t i = 0; i < section->nr_relocs && !error; i++)
			if (is_lead(section, row, &relocs[i]))
				error = mark_aux_target(cutter, section, &relocs[i]);
	}
	return error;
}

static struct mkp_error *add_atom(struct cutter *cutter, uint32_t section, uint64_t start,
				  uint64_t size, enum mkp_atom_kind kind, uint32_t symbol)
{
	struct mkp_atom atom = {
		.start = start,
		.size = size,
		.section = section,
		.symbol = symbol,
		.owner = MKP_NO_ATOM,
		.kind = kind,
		.class = cutter->graph->classes[section],
	};

	return mkp_graph_add_atom(cutter->graph, &atom);
}

/* Bytes that are there for alignment only: nothing refers from them, and they are
 * filling. */
static bool is_padding(const struct mkp_graph *graph, uint32_t section, uint64_t start,
		       uint64_t end)
{
	const struct mkp_section *header = &graph->object->sections[section];
	const struct mkp_reloc *relocs = graph->object->relocs + header->first_reloc;
	size_t low = 0, high = header->nr_relocs;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (relocs[middle].offset < start)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < header->nr_relocs && relocs[low].offset < end)
		return false;
	if ((header->flags & SHF_EXECINSTR) && header->data && graph->arch->is_padding)
		return graph->arch->is_padding(header->data + start, end - start);
	for (uint64_t i = start; header->data && i < end; i++)
		if (header->data[i])
			return false;
	return true;
}

/* Whether the symbol of a mark stands for what is in front of the next function. clang
 * puts the type's hash in front of the room that -fpatchable-function-entry asks for, of
 * which the symbol is not: `__cfi_f: movl $hash, %eax; nops; f:`, in all as much as
 * functions are aligned to (FUNCTION_PADDING_CFI in arch/x86/Kconfig, v6.2). */
static bool is_prefix_of_next(const struct cutter *cutter, const struct mark *mark)
{
	const struct mark *next = mark, *end = cutter->marks + cutter->nr_marks;

	if (!mark->prefix)
		return false;
	do
		next++;
	while (next < end && next->section == mark->section &&
	       next->offset < mark->offset + mark->size);
	if (next >= end || next->section != mark->section || next->prefix)
		return false;
	return next->offset == mark->offset + mark->size ||
	       (next->symbol && next->offset - mark->offset <= MAX_PADDED_PREFIX &&
		is_padding(cutter->graph, mark->section, mark->offset + mark->size,
			   next->offset));
}

static struct mkp_error *add_gap(struct cutter *cutter, uint32_t section, uint64_t start,
				 uint64_t end)
{
	uint8_t class = cutter->graph->classes[section];
	/* A section without any symbol is content, however short and empty. */
	bool whole = start == 0 && end == cutter->graph->object->sections[section].size;

	if (start >= end || (class != MKP_CLASS_AUX && !whole &&
			     is_padding(cutter->graph, section, start, end)))
		return NULL;
	return add_atom(cutter, section, start, end - start, MKP_ATOM_ANON, 0);
}

/* The end of a mark's atom: a size of 0 reaches to the next mark, if it is alone there.
 */
static uint64_t mark_end(const struct cutter *cutter, size_t i, uint64_t section_size)
{
	const struct mark *mark = &cutter->marks[i], *next = mark;

	if (mark->size)
		return mark->offset + mark->size;
	if (mark->typed)
		return mark->offset;
	while (next < cutter->marks + cutter->nr_marks &&
	       next->section == mark->section) {
		if (next->offset > mark->offset)
			return next->offset;
		next++;
	}
	return section_size;
}

/* How much in front of a function belongs to it, where the one before ends at @done. */
static uint64_t find_prefix(const struct cutter *cutter, const struct mark *mark,
			    uint64_t done)
{
	uint64_t gap = mark->offset - done;

	if (cutter->prefix)
		return mark->offset - cutter->prefix->offset;
	return gap <= MAX_PREFIX && is_padding(cutter->graph, mark->section, done,
					       mark->offset)
		       ? gap
		       : 0;
}

/* A function with what is in front of it. */
static struct mkp_error *add_function(struct cutter *cutter, const struct mark *mark,
				      uint64_t done, uint64_t end)
{
	uint64_t prefix = find_prefix(cutter, mark, done);
	struct mkp_error *error = add_gap(cutter, mark->section, done,
					  mark->offset - prefix);
	struct mkp_atom *atom;

	if (!error)
		error = add_atom(cutter, mark->section, mark->offset, end - mark->offset,
				 MKP_ATOM_FUNC, mark->symbol);
	if (error)
		return error;
	atom = &cutter->graph->atoms[cutter->graph->nr_atoms - 1];
	atom->prefix = (uint8_t)prefix;
	atom->prefix_symbol = cutter->prefix ? cutter->prefix->symbol : 0;
	cutter->prefix = NULL;
	return NULL;
}

/* Whether a section has its name from a variable (`static int once`, -fdata-sections),
 * and not from its purpose. */
static bool is_section_of_variable(const struct mkp_graph *graph, const struct mark *mark)
{
	static const char data[] = ".data.";
	const char *section = graph->object->sections[mark->section].name;

	return graph->classes[mark->section] == MKP_CLASS_ONCE &&
	       !strncmp(section, data, sizeof(data) - 1) &&
	       !strcmp(section + sizeof(data) - 1,
		       graph->object->symbols[mark->symbol].name);
}

static struct mkp_error *add_object(struct cutter *cutter, const struct mark *mark,
				    uint64_t done, uint64_t end)
{
	struct mkp_error *error = add_gap(cutter, mark->section, done, mark->offset);

	if (!error)
		error = add_atom(cutter, mark->section, mark->offset, end - mark->offset,
				 mark->symbol ? MKP_ATOM_OBJECT : MKP_ATOM_ANON,
				 mark->symbol);
	if (!error && is_section_of_variable(cutter->graph, mark))
		cutter->graph->atoms[cutter->graph->nr_atoms - 1].class = MKP_CLASS_DATA;
	return error;
}

static struct mkp_error *cut_by_marks(struct cutter *cutter, uint32_t section)
{
	const struct mkp_section *header = &cutter->graph->object->sections[section];
	bool code = header->flags & SHF_EXECINSTR;
	struct mkp_error *error = NULL;
	uint64_t done = 0, end;
	size_t i;

	for (i = cutter->next; i < cutter->nr_marks && !error; i++) {
		const struct mark *mark = &cutter->marks[i];

		if (mark->section != section)
			break;
		/* An alias or a label of what is there already. */
		if (mark->offset < done ||
		    (i > cutter->next && mark->offset == mark[-1].offset))
			continue;
		if (code && is_prefix_of_next(cutter, mark)) {
			cutter->prefix = mark;
			continue;
		}
		end = mark_end(cutter, i, header->size);
		if (code && mark->symbol)
			error = add_function(cutter, mark, done, end);
		else
			error = add_object(cutter, mark, done, end);
		done = end;
	}
	cutter->next = i;
	return error ? error : add_gap(cutter, section, done, header->size);
}

static struct mkp_error *cut_strings(struct cutter *cutter, uint32_t section)
{
	const struct mkp_section *header = &cutter->graph->object->sections[section];
	struct mkp_error *error = NULL;
	uint64_t start = 0;

	while (start < header->size && header->data && !error) {
		const uint8_t *nul = memchr(header->data + start, 0,
					    header->size - start);
		uint64_t end = nul ? (uint64_t)(nul - header->data) + 1 : header->size;

		error = add_atom(cutter, section, start, end - start, MKP_ATOM_STRING, 0);
		start = end;
	}
	return error;
}

static struct mkp_error *cut_constants(struct cutter *cutter, uint32_t section)
{
	const struct mkp_section *header = &cutter->graph->object->sections[section];
	struct mkp_error *error = NULL;

	for (uint64_t at = 0; at < header->size && !error; at += header->entsize) {
		uint64_t left = header->size - at;

		error = add_atom(cutter, section, at,
				 left < header->entsize ? left : header->entsize,
				 MKP_ATOM_CONST, 0);
	}
	return error;
}

static void skip_marks(struct cutter *cutter, uint32_t section)
{
	while (cutter->next < cutter->nr_marks &&
	       cutter->marks[cutter->next].section <= section)
		cutter->next++;
}

static struct mkp_error *cut_section(struct cutter *cutter, uint32_t section)
{
	const struct mkp_section *header = &cutter->graph->object->sections[section];
	struct mkp_error *error;

	switch (cutter->graph->classes[section]) {
	case MKP_CLASS_NONE:
	case MKP_CLASS_COMPANION:
		error = NULL;
		break;
	case MKP_CLASS_SPECIAL:
		error = mkp_graph_cut_special(cutter->graph, section);
		break;
	case MKP_CLASS_STRINGS:
		/* Wider characters than bytes do not occur in kernels: keep them whole.
		 */
		if (header->entsize <= 1)
			error = cut_strings(cutter, section);
		else
			error = add_gap(cutter, section, 0, header->size);
		break;
	case MKP_CLASS_MERGE:
		error = cut_constants(cutter, section);
		break;
	default:
		error = cut_by_marks(cutter, section);
	}
	skip_marks(cutter, section);
	return error;
}

static struct mkp_error *add_externs(struct cutter *cutter)
{
	const struct mkp_object *object = cutter->graph->object;
	struct mkp_error *error = NULL;

	for (uint32_t i = 1; i < object->nr_symbols && !error; i++) {
		const struct mkp_symbol *symbol = &object->symbols[i];

		if (!mkp_symbol_section(object, symbol) && symbol->type != STT_FILE)
			error = add_atom(cutter, /* section= */ 0, 0, 0, MKP_ATOM_EXTERN,
					 i);
	}
	return error;
}

struct mkp_error *mkp_graph_cut(struct mkp_graph *graph)
{
	struct cutter cutter = { .graph = graph };
	struct mkp_error *error = mark_symbols(&cutter);

	if (!error)
		error = mark_aux_targets(&cutter);
	if (!error && cutter.nr_marks)
		qsort(cutter.marks, cutter.nr_marks, sizeof(*cutter.marks),
		      compare_marks);
	for (uint32_t s = 1; s < graph->object->nr_sections && !error; s++) {
		graph->section_atoms[s] = graph->nr_atoms;
		error = cut_section(&cutter, s);
	}
	graph->section_atoms[graph->object->nr_sections] = graph->nr_atoms;
	if (!error)
		error = add_externs(&cutter);
	free(cutter.marks);
	return error;
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "diff/names.h"

#include <string.h>

#include "base/index.h"

/*
 * What is counted, and how its number is told from a part of the name:
 *   dotted    x.12, f.isra.0: digits between dots
 *   glued     __UNIQUE_ID_ and an argument, with __COUNTER__ behind it: any digits
 *   initcall  __initcall__kmod_<file>__<__COUNTER__>_<__LINE__>_<function><level>, and
 *             __initstub__... of a kernel with LTO: digits between underscores
 *             (include/linux/init.h, since v5.10)
 *   last      __BTF_ID__<kind>__<name>__<__COUNTER__><__LINE__>: digits at the end
 *             (include/linux/btf_ids.h, since v5.8; with the line since v6.6)
 */
enum numbering {
	DOTTED,
	GLUED,
	INITCALL,
	LAST,
};

static enum numbering name_numbering(const char *name)
{
	if (strstr(name, "__UNIQUE_ID_"))
		return GLUED;
	if (!strncmp(name, "__initcall__", 12) || !strncmp(name, "__initstub__", 12))
		return INITCALL;
	if (!strncmp(name, "__BTF_ID__", 10))
		return LAST;
	return DOTTED;
}

/* isdigit() asks for the locale. */
static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Length of the number at @p that the compiler counted, 0 if none starts there. */
static size_t number_at(const char *name, const char *p, enum numbering numbering)
{
	const char separator = numbering == DOTTED ? '.' : '_';
	size_t length = 0;

	if (!is_digit(*p))
		return 0;
	while (is_digit(p[length]))
		length++;
	if (numbering == GLUED)
		return length;
	if (p == name || p[-1] != separator)
		return 0;
	if (p[length] == '\0')
		return numbering == INITCALL ? 0 : length;
	return p[length] == separator && numbering != LAST ? length : 0;
}

bool mkp_name_is_numbered(const char *name)
{
	enum numbering numbering = name_numbering(name);

	for (const char *p = name; *p; p++)
		if (number_at(name, p, numbering))
			return true;
	return numbering == GLUED;
}

static uint64_t hash_step(uint64_t hash, char c)
{
	/* FNV-1a: names are short, and most of them end here. */
	return (hash ^ (unsigned char)c) * UINT64_C(0x100000001b3);
}

/* Up to @end, with each number made the same. */
static uint64_t hash_numberless(const char *name, const char *end, bool *ret_suffix)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	enum numbering numbering = name_numbering(name);

	*ret_suffix = false;
	for (const char *p = name; p < end;) {
		size_t number = number_at(name, p, numbering);

		if (*p == '.')
			*ret_suffix = true;
		hash = hash_step(hash, number ? '#' : *p);
		p += number ? number : 1;
		if (number)
			*ret_suffix = false;
	}
	return hash;
}

uint64_t mkp_name_canonical_hash(const char *name)
{
	bool suffix; /* the last part stands behind a dot and has no number */
	uint64_t hash = hash_numberless(name, name + strlen(name), &suffix);

	/* clang counts from the second on: f.x, f.x.1; so did gcc with foo.cold. */
	if (suffix)
		hash = hash_step(hash_step(hash, '.'), '#');
	return hash;
}

uint64_t mkp_name_family_hash(const char *name)
{
	bool suffix;

	return hash_numberless(name, name + strcspn(name, "."), &suffix);
}

/*
 * Static locals that macros or the compiler make for one place in the code, with the
 * macro or option that makes them. Their state is that of the place (printed already?),
 * which starts anew with the new code. Names that an author might choose for a variable
 * as well count only if the data is constant.
 */
static const struct {
	const char *name;
	bool constant;
} call_site_names[] = {
	{ "__already_done", false }, /* DO_ONCE_LITE, WARN_ON_ONCE since v5.15 */
	{ "__warned", false },	     /* WARN_ON_ONCE, RCU_LOCKDEP_WARN */
	{ "__print_once", false },   /* printk_once until v5.14 */
	{ "__key", false },	     /* lock classes: mutex_init, init_waitqueue_head */
	{ "_rs", false },	     /* printk_ratelimited */
	{ "_entry", true },	     /* printk index */
	{ "_entry_ptr", true },
	{ "__func__", true },
	{ "__FUNCTION__", true },
	{ "__PRETTY_FUNCTION__", true },
	{ "CSWTCH", true }, /* gcc: a switch turned into a table */
	{ "C", true },	    /* gcc: the initializer of a local array */
	{ "__msg", true },  /* NL_SET_ERR_MSG(), since v4.12 */
	{ "__compound_literal", true },
};

static bool is_call_site_name(const struct mkp_symbol *symbol, bool constant)
{
	const char *dot = strchr(symbol->name, '.');

	if (symbol->bind != STB_LOCAL || !dot)
		return false;
	for (size_t i = 0; i < MKP_ARRAY_SIZE(call_site_names); i++) {
		const char *name = call_site_names[i].name;
		size_t length = strlen(name);

		if (call_site_names[i].constant && !constant)
			continue;
		/* gcc: variable.N */
		if ((size_t)(dot - symbol->name) == length &&
		    !strncmp(name, symbol->name, length))
			return true;
		/* clang: function.variable or function.variable.N */
		if (!strncmp(name, dot + 1, length) &&
		    (dot[1 + length] == '\0' || dot[1 + length] == '.'))
			return true;
	}
	return false;
}

bool mkp_atom_is_value(const struct mkp_graph *graph, const struct mkp_atom *atom)
{
	switch ((enum mkp_atom_kind)atom->kind) {
	case MKP_ATOM_STRING:
	case MKP_ATOM_CONST:
		return true;
	case MKP_ATOM_ANON:
		return atom->class == MKP_CLASS_RODATA || atom->class == MKP_CLASS_AUX ||
		       atom->class == MKP_CLASS_ONCE || atom->class == MKP_CLASS_STRINGS;
	case MKP_ATOM_OBJECT:
		return atom->class == MKP_CLASS_ONCE ||
		       is_call_site_name(mkp_atom_symbol(graph, atom),
					 atom->class == MKP_CLASS_RODATA);
	case MKP_ATOM_FUNC:
		return atom->class == MKP_CLASS_AUX;
	default:
		return false;
	}
}

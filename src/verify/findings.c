// SPDX-License-Identifier: GPL-2.0-or-later
#include "verify/findings.h"

#include <string.h>

#include "base/compiler.h"

/* The digits of a number that is at most 9999, as characters. */
#define DIGIT(n, place) (char)('0' + (n) / (place) % 10)

static const struct mkp_verify_row rows[MKP_NR_VERIFY] = {
#define FINDING(identifier, number, text, severity, advice, more)                        \
	[MKP_VERIFY_##identifier] = {                                                    \
		.id = (const char[]){ 'V', 'R', 'F', '-', DIGIT(number, 1000),           \
				      DIGIT(number, 100), DIGIT(number, 10),             \
				      DIGIT(number, 1), '\0' },                          \
		.name = text,                                                            \
		.level = MKP_VERIFY_##severity,                                          \
		.fix = advice,                                                           \
		.explanation = more,                                                     \
	},
#include "verify/findings.def"
#undef FINDING
};

const struct mkp_verify_row *mkp_verify_row(enum mkp_verify_id id)
{
	return &rows[id];
}

const struct mkp_verify_row *mkp_verify_find(const char *name)
{
	for (size_t i = 0; i < MKP_ARRAY_SIZE(rows); i++)
		if (!strcmp(rows[i].name, name) || !strcmp(rows[i].id, name))
			return &rows[i];
	return NULL;
}

const char *mkp_verify_level_name(enum mkp_verify_level level)
{
	static const char *const names[] = { "note", "warning", "error" };

	return names[level];
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The intermediate names of livepatch symbols.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "emit/finalize.h"

static struct mkp_error *bad_name(const char *name, const char *why)
{
	MKP_CLEANUP_FREE char *shown = NULL;
	struct mkp_error *error = mkp_text_escape_string(name, &shown);

	if (error)
		return error;
	return mkp_error_create(MKP_ERROR_FORMAT, "symbol %s: %s", shown, why);
}

/* What the kernel's parser of the final name can take apart again. */
static const char *find_fault(const char *object, const char *provider,
			      const char *symbol)
{
	if (!*object || strpbrk(object, "./"))
		return "the patched object has no proper name";
	if (!*provider || strpbrk(provider, "./"))
		return "the symbol's object has no proper name";
	if (!*symbol || strchr(symbol, ','))
		return "the symbol has no proper name";
	return NULL;
}

struct mkp_error *mkp_klp_name_format(const char *object, const char *provider,
				      const char *symbol, uint64_t position,
				      char **ret_name)
{
	const char *fault = find_fault(object, provider, symbol);
	char *name;

	if (fault)
		return bad_name(symbol, fault);
	if (asprintf(&name, MKP_KLP_PREFIX "%s/%s.%s,%" PRIu64, object, provider, symbol,
		     position) < 0)
		return mkp_error_nomem();
	*ret_name = name;
	return NULL;
}

/* Cuts @text at the first @separator; the rest, or NULL if there is none. */
static char *cut(char *text, char separator)
{
	char *end = text ? strchr(text, separator) : NULL;

	if (!end)
		return NULL;
	*end = '\0';
	return end + 1;
}

/* Only the form that we write: digits, without leading zeros. */
static bool parse_position(const char *text, uint64_t *ret_position)
{
	char *end;

	if (*text < '0' || *text > '9' || (*text == '0' && text[1]))
		return false;
	errno = 0;
	*ret_position = strtoull(text, &end, 10);
	return !*end && !errno;
}

struct mkp_error *mkp_klp_name_parse(const char *name, struct mkp_klp_name *ret_name)
{
	const size_t prefix = strlen(MKP_KLP_PREFIX);
	MKP_CLEANUP_FREE char *copy = NULL;
	char *provider, *symbol, *position;
	struct mkp_klp_name parsed = { 0 };
	const char *fault;

	if (strncmp(name, MKP_KLP_PREFIX, prefix))
		return bad_name(name, "not a livepatch reference");
	copy = strdup(name + prefix);
	if (!copy)
		return mkp_error_nomem();
	provider = cut(copy, '/');
	symbol = cut(provider, '.');
	position = cut(symbol, ',');
	if (!position || !parse_position(position, &parsed.position))
		return bad_name(name, "a livepatch reference without a position");
	fault = find_fault(copy, provider, symbol);
	if (fault)
		return bad_name(name, fault);
	parsed.object = strdup(copy);
	parsed.provider = strdup(provider);
	parsed.symbol = strdup(symbol);
	if (!parsed.object || !parsed.provider || !parsed.symbol) {
		mkp_klp_name_deinit(&parsed);
		return mkp_error_nomem();
	}
	*ret_name = parsed;
	return NULL;
}

void mkp_klp_name_deinit(struct mkp_klp_name *name)
{
	free(name->object);
	free(name->provider);
	free(name->symbol);
	*name = (struct mkp_klp_name){ 0 };
}

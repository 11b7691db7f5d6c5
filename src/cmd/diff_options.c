// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "base/array.h"
#include "cmd/cmd.h"
#include "cmd/diff.h"

static const char usage[] = "mkpatch [diff] [OPTION]... ORIG.o PATCHED.o ...";

enum option_id {
	OPTION_NAME,
	OPTION_OUTPUT,
	OPTION_RELEASE,
	OPTION_VMLINUX,
	OPTION_SYMVERS,
	OPTION_OBJECT,
	OPTION_IMAGE,
	OPTION_SYSROOT,
	OPTION_SYSTEM_MAP,
	OPTION_DEBUG,
	OPTION_DEBUG_DIR,
	OPTION_CACHE,
	OPTION_STANDALONE,
	OPTION_NO_REPLACE,
	OPTION_FIX,
	OPTION_CORRELATE,
	OPTION_WARNING,
	OPTION_ERROR,
	OPTION_IGNORE_INIT,
	OPTION_JSON,
	OPTION_EXPLAIN,
	OPTION_VERBOSE,
	OPTION_QUIET,
	OPTION_COLOR,
};

static const struct mkp_option options[] = {
	[OPTION_NAME] = { "name", 'n', "NAME", "name of the patch module" },
	[OPTION_OUTPUT] = { "output", 'o', "DIR",
			    "directory to write (default: its name)" },
	[OPTION_RELEASE] = { "kernel", 'k', "RELEASE", "find that kernel's files" },
	[OPTION_VMLINUX] = { "vmlinux", 0, "FILE",
			     "vmlinux, System.map or kallsyms of the kernel" },
	[OPTION_SYMVERS] = { "symvers", 0, "FILE", "Module.symvers of the kernel" },
	[OPTION_OBJECT] = { "object", 0, "MODULE",
			    "the objects are part of this module" },
	[OPTION_IMAGE] = { "image", 0, "FILE.ko", "the module as it was shipped" },
	[OPTION_SYSROOT] = { "sysroot", 0, "DIR", "look for -k below DIR" },
	[OPTION_SYSTEM_MAP] = { "system-map", 0, "FILE",
				"System.map of a --vmlinux that is stripped" },
	[OPTION_DEBUG] = { "debug", 0, "FILE", "debug file of the --image" },
	[OPTION_DEBUG_DIR] = { "debug-dir", 0, "DIR",
			       "look there for debug files (default: /usr/lib/debug)" },
	[OPTION_CACHE] = { "cache", 0, "DIR",
			   "keep the symbols of vmlinux there for the next run" },
	[OPTION_STANDALONE] = { "standalone", 0, NULL,
				"emit a module that needs no mkpatch_core" },
	[OPTION_NO_REPLACE] = { "no-replace", 0, NULL,
				"stack on earlier patches, do not replace them" },
	[OPTION_FIX] = { "fix", 0, "ID", "what the patch fixes, such as CVE-2026-1234" },
	[OPTION_CORRELATE] = { "correlate", 0, "FILE",
			       "rules that settle what is what (see the manual)" },
	[OPTION_WARNING] = { "warning", 'W', "CHECK", "only warn of what CHECK finds" },
	[OPTION_ERROR] = { "error", 'E', "CHECK", "refuse what CHECK finds" },
	[OPTION_IGNORE_INIT] = { "ignore-init", 0, NULL,
				 "go on without changes of init code" },
	[OPTION_JSON] = { "json", 0, "[FILE]",
			  "report as JSON, in place of text or to FILE" },
	[OPTION_EXPLAIN] = { "explain", 0, NULL,
			     "say what differs first, and why things are carried" },
	[OPTION_VERBOSE] = { "verbose", 'v', NULL, "say what was taken from where" },
	[OPTION_QUIET] = { "quiet", 'q', NULL, "only the summary and errors" },
	[OPTION_COLOR] = { "color", 0, "WHEN", "auto, always or never" },
};

static int parse_color(const char *when, struct mkp_diff_options *result)
{
	if (!strcmp(when, "auto"))
		result->color = MKP_COLOR_AUTO;
	else if (!strcmp(when, "always"))
		result->color = MKP_COLOR_ALWAYS;
	else if (!strcmp(when, "never"))
		result->color = MKP_COLOR_NEVER;
	else
		return mkp_fail_usage("--color takes auto, always or never, not '%s'",
				      when);
	return -1;
}

/* What is being read; the pairs that are complete are in the result. */
struct reader {
	struct mkp_diff_options *result;
	struct mkp_diff_pair next; /* with what was said of the pairs from here on */
	bool said;		   /* something that no pair has taken over yet */
};

static int take_operand(struct reader *reader, const char *operand)
{
	struct mkp_diff_options *result = reader->result;
	struct mkp_error *error;

	if (!reader->next.orig) {
		reader->next.orig = operand;
		return -1;
	}
	reader->next.patched = operand;
	error = mkp_array_reserve(&result->pairs, &result->cap_pairs,
				  result->nr_pairs + 1, sizeof(*result->pairs));
	if (error)
		return mkp_fail(error);
	result->pairs[result->nr_pairs++] = reader->next;
	reader->next.orig = reader->next.patched = NULL;
	reader->said = false;
	return -1;
}

/* Options of the pairs behind them. The first one behind a pair begins anew. */
static void take_object(struct reader *reader, const char *object)
{
	if (!reader->said)
		reader->next.image = reader->next.debug = NULL;
	reader->next.object = object;
	reader->said = true;
}

/* Sets the level of a check and keeps it for the record. */
static int take_decision(const char *option, const char *check, enum mkp_level level,
			 struct mkp_diff_options *result)
{
	struct mkp_error *error = mkp_check_set_level(result->levels, check, level);

	if (!error)
		error = mkp_array_reserve(&result->decisions, &result->cap_decisions,
					  result->nr_decisions + 1,
					  sizeof(*result->decisions));
	if (error)
		return mkp_fail(error);
	result->decisions[result->nr_decisions++] = (struct mkp_decision){ option,
									   check };
	return -1;
}

/* It becomes a line of .modinfo. */
static int take_fix(const char *fix, struct mkp_diff_options *result)
{
	struct mkp_error *error;

	for (const char *at = fix; *at; at++)
		if (*at < ' ' || *at > '~')
			return mkp_fail_usage("--fix takes printable characters only");
	if (!*fix)
		return mkp_fail_usage("--fix needs an identifier");
	error = mkp_array_reserve(&result->fixes, &result->cap_fixes,
				  result->nr_fixes + 1, sizeof(*result->fixes));
	if (error)
		return mkp_fail(error);
	result->fixes[result->nr_fixes++] = fix;
	return -1;
}

static int take_option(const struct mkp_option_value *option, struct reader *reader)
{
	struct mkp_diff_options *result = reader->result;

	switch ((enum option_id)option->index) {
	case OPTION_NAME:
		result->name = option->value;
		break;
	case OPTION_OUTPUT:
		result->directory = option->value;
		break;
	case OPTION_RELEASE:
		result->release = option->value;
		break;
	case OPTION_VMLINUX:
		result->vmlinux = option->value;
		break;
	case OPTION_SYMVERS:
		result->symvers = option->value;
		break;
	case OPTION_OBJECT:
		take_object(reader, option->value);
		break;
	case OPTION_IMAGE:
		reader->next.image = option->value;
		reader->said = true;
		break;
	case OPTION_SYSROOT:
		result->sysroot = option->value;
		break;
	case OPTION_SYSTEM_MAP:
		result->system_map = option->value;
		break;
	case OPTION_DEBUG:
		reader->next.debug = option->value;
		reader->said = true;
		break;
	case OPTION_DEBUG_DIR:
		result->debug_dir = option->value;
		break;
	case OPTION_CACHE:
		result->cache = option->value;
		break;
	case OPTION_STANDALONE:
		result->standalone = true;
		break;
	case OPTION_NO_REPLACE:
		result->stacked = true;
		break;
	case OPTION_FIX:
		return take_fix(option->value, result);
	case OPTION_CORRELATE:
		reader->next.correlate = option->value;
		reader->said = true;
		break;
	case OPTION_WARNING:
		return take_decision("-W", option->value, MKP_LEVEL_WARNING, result);
	case OPTION_ERROR:
		return take_decision("-E", option->value, MKP_LEVEL_ERROR, result);
	case OPTION_IGNORE_INIT:
		return take_decision("--ignore-init", "init-code", MKP_LEVEL_WARNING,
				     result);
	case OPTION_JSON:
		result->json = true;
		result->json_file = option->value;
		break;
	case OPTION_EXPLAIN:
		result->explain = true;
		break;
	case OPTION_VERBOSE:
		result->verbose++;
		break;
	case OPTION_QUIET:
		result->quiet = true;
		break;
	case OPTION_COLOR:
		return parse_color(option->value, result);
	}
	return -1;
}

/* `vmlinux` names no module, and a module's name is not that of its file. */
int mkp_diff_check_pair(struct mkp_diff_pair *pair)
{
	if (pair->object && !strcmp(pair->object, "vmlinux"))
		pair->object = NULL;
	if (pair->object && strpbrk(pair->object, "./"))
		return mkp_fail_usage("--object takes the name of a module, such as zfs, "
				      "not of a file: '%s'",
				      pair->object);
	if (pair->image && !pair->object)
		return mkp_fail_usage("--image needs --object: the name of the module");
	if (pair->debug && !pair->image)
		return mkp_fail_usage("--debug needs --image: it is the module's");
	return -1;
}

/* With one pair it does not matter where its options stand. */
static int take_rest(struct reader *reader)
{
	struct mkp_diff_options *result = reader->result;
	struct mkp_diff_pair *first = result->pairs;

	if (!result->nr_pairs || reader->next.orig)
		return mkp_fail_usage(
			result->nr_pairs
				? "objects come in pairs, the original and the patched: "
				  "'%s' is alone"
				: "two objects are needed, the original and the patched",
			reader->next.orig);
	if (!reader->said)
		return -1;
	if (result->nr_pairs > 1)
		return mkp_fail_usage(
			"--object, --image, --debug and --correlate are for "
			"the pairs behind them: the last has none");
	reader->next.orig = first->orig;
	reader->next.patched = first->patched;
	*first = reader->next;
	return -1;
}

int mkp_diff_parse(int argc, char **argv, struct mkp_diff_options *ret_options)
{
	struct mkp_option_parser parser = {
		.argc = argc,
		.argv = argv,
		.options = options,
		.nr_options = MKP_ARRAY_SIZE(options),
	};
	struct mkp_diff_options result = { 0 };
	struct reader reader = { .result = &result };
	struct mkp_option_value value;
	int code;

	while (mkp_options_next(&parser, usage, &value, &code)) {
		code = value.index < 0 ? take_operand(&reader, value.value)
				       : take_option(&value, &reader);
		if (code >= 0)
			break;
	}
	mkp_options_deinit(&parser);
	if (code < 0)
		code = take_rest(&reader);
	for (size_t i = 0; i < result.nr_pairs && code < 0; i++)
		code = mkp_diff_check_pair(&result.pairs[i]);
	if (code >= 0)
		mkp_diff_options_deinit(&result);
	else
		*ret_options = result;
	return code;
}

void mkp_diff_options_deinit(struct mkp_diff_options *result)
{
	free(result->fixes);
	result->fixes = NULL;
	free(result->pairs);
	free(result->decisions);
	result->pairs = NULL;
	result->decisions = NULL;
}

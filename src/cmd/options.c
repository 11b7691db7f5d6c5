// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <string.h>

#include "cmd/cmd.h"

/* Values of getopt_long() that are no characters. */
enum {
	FIRST_LONG = 256,
	HELP = 1000,
	VERSION,
};

static bool build_tables(struct mkp_option_parser *parser)
{
	int n = parser->nr_options;
	char *letter;

	parser->table = calloc((size_t)n + 3, sizeof(*parser->table));
	parser->letters = calloc((size_t)n + 2, 3);
	if (!parser->table || !parser->letters)
		return false;
	letter = parser->letters;
	*letter++ = '-'; /* operands come in order, as options do */
	*letter++ = ':'; /* a missing argument is told from an unknown option */
	for (int i = 0; i < n; i++) {
		const struct mkp_option *option = &parser->options[i];
		bool optional = option->argument && option->argument[0] == '[';

		parser->table[i] = (struct option){
			.name = option->name,
			.has_arg = optional	      ? optional_argument
				   : option->argument ? required_argument
						      : no_argument,
			.val = FIRST_LONG + i,
		};
		if (!option->letter)
			continue;
		*letter++ = option->letter;
		if (option->argument)
			*letter++ = ':';
	}
	parser->table[n] = (struct option){ .name = "help", .val = HELP };
	parser->table[n + 1] = (struct option){ .name = "version", .val = VERSION };
	return true;
}

static void print_help(const struct mkp_option_parser *parser, const char *usage)
{
	printf("usage: %s\n\n", usage);
	for (int i = 0; i < parser->nr_options; i++) {
		const struct mkp_option *option = &parser->options[i];
		const char *argument = option->argument ? option->argument : "";
		bool optional = argument[0] == '[';
		int width = printf("  %c%c%s--%s", option->letter ? '-' : ' ',
				   option->letter ? option->letter : ' ',
				   option->letter ? ", " : "  ", option->name);

		if (optional)
			width += printf("[=%s", argument + 1);
		else if (*argument)
			width += printf(" %s", argument);
		printf("%*s%s\n", width < 28 ? 28 - width : 1, "", option->help);
	}
	printf("      --help%*s%s\n", 16, "", "this text");
	printf("      --version%*s%s\n", 13, "", "the version");
}

/* Index in the table of a value that getopt_long() returned. */
static int option_index(const struct mkp_option_parser *parser, int value)
{
	if (value >= FIRST_LONG)
		return value - FIRST_LONG;
	for (int i = 0; i < parser->nr_options; i++)
		if (parser->options[i].letter == value)
			return i;
	return -1;
}

/* Says what getopt_long() did not like. */
static int fail_option(const struct mkp_option_parser *parser, int value)
{
	const char *word = parser->argv[optind - 1];

	if (value == ':')
		return mkp_fail_usage("'%s' needs an argument", word);
	if (optopt >= FIRST_LONG)
		return mkp_fail_usage("'%s' takes no argument", word);
	/* One of several letters, perhaps not the last. */
	if (optopt)
		return mkp_fail_usage("there is no option '-%c'", optopt);
	return mkp_fail_usage("there is no option '%s', or several begin so", word);
}

bool mkp_options_next(struct mkp_option_parser *parser, const char *usage,
		      struct mkp_option_value *ret_value, int *ret_exit)
{
	int value = -1;

	*ret_exit = -1;
	if (!parser->table) {
		optind = 0;
		opterr = 0;
		if (!build_tables(parser)) {
			*ret_exit = mkp_fail(mkp_error_nomem());
			return false;
		}
	}
	if (!parser->ended)
		value = getopt_long(parser->argc, parser->argv, parser->letters,
				    parser->table, NULL);
	switch (value) {
	case -1:
		/* What comes after `--` is no option, whatever it looks like. */
		parser->ended = true;
		if (optind >= parser->argc)
			return false;
		*ret_value = (struct mkp_option_value){ -1, parser->argv[optind++] };
		return true;
	case 1:
		*ret_value = (struct mkp_option_value){ -1, optarg };
		return true;
	case HELP:
		print_help(parser, usage);
		*ret_exit = MKP_EXIT_OK;
		return false;
	case VERSION:
		printf("mkpatch %s\n", MKP_VERSION);
		*ret_exit = MKP_EXIT_OK;
		return false;
	case '?':
	case ':':
		*ret_exit = fail_option(parser, value);
		return false;
	default:
		*ret_value = (struct mkp_option_value){ option_index(parser, value),
							optarg };
		return true;
	}
}

void mkp_options_deinit(struct mkp_option_parser *parser)
{
	free(parser->table);
	free(parser->letters);
	parser->table = NULL;
	parser->letters = NULL;
}

int mkp_options_parse(int argc, char **argv, const struct mkp_option *options,
		      int nr_options, const char *usage, mkp_options_take *take,
		      void *data)
{
	struct mkp_option_parser parser = {
		.argc = argc,
		.argv = argv,
		.options = options,
		.nr_options = nr_options,
	};
	struct mkp_option_value value;
	struct mkp_error *error = NULL;
	int code;

	while (!error && mkp_options_next(&parser, usage, &value, &code))
		error = take(data, &value);
	mkp_options_deinit(&parser);
	return error ? mkp_fail(error) : code;
}

int mkp_options_take_module(int argc, char **argv, const struct mkp_option *option,
			    const char *usage, bool *ret_given, const char **ret_path)
{
	struct mkp_option_parser parser = {
		.argc = argc,
		.argv = argv,
		.options = option,
		.nr_options = 1,
	};
	struct mkp_option_value value;
	const char *path = NULL;
	bool given = false;
	int code;

	while (mkp_options_next(&parser, usage, &value, &code)) {
		if (value.index == 0)
			given = true;
		else if (!path)
			path = value.value;
		else
			code = mkp_fail_usage("%s takes one module", argv[0]);
		if (code >= 0)
			break;
	}
	mkp_options_deinit(&parser);
	if (code < 0 && !path)
		code = mkp_fail_usage("%s needs a module", argv[0]);
	*ret_given = given;
	*ret_path = path;
	return code;
}

int mkp_fail(struct mkp_error *error)
{
	int code = error->code == MKP_ERROR_USAGE ? MKP_EXIT_USAGE : MKP_EXIT_ERROR;
	char *text = mkp_error_string(error);

	fprintf(stderr, "mkpatch: error: %s\n", text ? text : "out of memory");
	free(text);
	mkp_error_destroy(error);
	return code;
}

int mkp_fail_usage(const char *format, ...)
{
	va_list args;

	fprintf(stderr, "mkpatch: ");
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "; see mkpatch --help\n");
	return MKP_EXIT_USAGE;
}

int mkp_finish(int exit_code)
{
	/* An error that ended the run has its line already. */
	if (exit_code == MKP_EXIT_ERROR || (!fflush(stdout) && !ferror(stdout)))
		return exit_code;
	fprintf(stderr, "mkpatch: error: standard output: %s\n", strerror(errno));
	return MKP_EXIT_ERROR;
}

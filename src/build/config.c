// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the configuration of the kernel says about how it was built: with which compiler,
 * for which architecture, from which version of the source.
 */
#include <string.h>

#include "build/private.h"

/* Text behind @start in the line of @text that begins so, up to @end; NULL: none. */
static const char *find_line(struct mkp_arena *arena, const char *text, const char *start,
			     const char *end)
{
	const size_t length = strlen(start);
	const char *at = text;

	while (at && strncmp(at, start, length)) {
		at = strchr(at, '\n');
		at += at != NULL;
	}
	if (!at)
		return NULL;
	at += length;
	return mkp_arena_printf(arena, "%.*s", (int)strcspn(at, end), at);
}

/*
 * "# Linux/x86 6.1.192 Kernel Configuration": the mainmenu line of the top Kconfig names
 * ARCH and the version, and kconfig writes it at the top (scripts/kconfig/confdata.c).
 */
static struct mkp_error *take_title(struct mkp_build *build, const char *text)
{
	struct mkp_build_config *config = &build->config;
	const char *title = find_line(&build->arena, text, "# Linux/", "\n");
	const char *blank = title ? strchr(title, ' ') : NULL;

	if (!blank)
		return mkp_error_create(MKP_ERROR_FORMAT,
					"%s: no line \"# Linux/ARCH VERSION Kernel "
					"Configuration\": not the .config of a kernel",
					build->inputs.config);
	config->arch = mkp_arena_printf(&build->arena, "%.*s", (int)(blank - title),
					title);
	config->version = mkp_arena_printf(&build->arena, "%.*s",
					   (int)strcspn(blank + 1, " "), blank + 1);
	return config->arch && config->version ? NULL : mkp_error_nomem();
}

/* "aarch64-linux-gnu-gcc-12" is called by kbuild as CROSS_COMPILE and the rest. */
static struct mkp_error *take_compiler(struct mkp_build *build)
{
	struct mkp_build_config *config = &build->config;
	const char *dash;

	config->compiler = mkp_arena_printf(&build->arena, "%.*s",
					    (int)strcspn(config->compiler_text, " "),
					    config->compiler_text);
	build->cc = build->options->cc ? build->options->cc : config->compiler;
	build->cross = "";
	dash = config->compiler ? strstr(config->compiler, "-gcc") : NULL;
	if (dash)
		build->cross = mkp_arena_printf(&build->arena, "%.*s-",
						(int)(dash - config->compiler),
						config->compiler);
	return config->compiler && build->cross ? NULL : mkp_error_nomem();
}

struct mkp_error *mkp_build_read_config(struct mkp_build *build)
{
	MKP_CLEANUP_FREE char *text = NULL;
	const char *rust;
	struct mkp_error *error = mkp_file_read(build->inputs.config, &text, NULL);

	if (!error)
		error = take_title(build, text);
	if (error)
		return error;
	build->config.compiler_text = find_line(&build->arena, text,
						"CONFIG_CC_VERSION_TEXT=\"", "\"\n");
	if (!build->config.compiler_text || !*build->config.compiler_text)
		return mkp_error_create(MKP_ERROR_UNSUPPORTED,
					"%s does not say which compiler the kernel was "
					"built with (CONFIG_CC_VERSION_TEXT, since v5.8)",
					build->inputs.config);
	/* Kconfig asks rustc for its version since v6.12; 0: there was none to ask. */
	rust = find_line(&build->arena, text, "CONFIG_RUSTC_VERSION=", "\n");
	build->config.rustc = rust && !strcmp(rust, "0") ? "false" : "rustc";
	build->config.sign_hash = find_line(&build->arena, text,
					    "CONFIG_MODULE_SIG_HASH=\"", "\"\n");
	return take_compiler(build);
}

/* ---- the compiler that is here ---- */

static struct mkp_error *keep_first(void *data, const char *line)
{
	char **first = data;

	if (*first)
		return NULL;
	*first = strdup(line);
	return *first ? NULL : mkp_error_nomem();
}

/* The words of a command such as "ccache gcc-12", for execvp(). */
static struct mkp_error *split_words(struct mkp_arena *arena, const char *command,
				     const char *last, const char ***ret_words)
{
	const char **words = mkp_arena_alloc(arena,
					     (strlen(command) / 2 + 3) * sizeof(*words));
	char *copy = mkp_arena_strdup(arena, command), *state;
	size_t count = 0;

	if (!words || !copy)
		return mkp_error_nomem();
	for (char *word = strtok_r(copy, " \t", &state); word;
	     word = strtok_r(NULL, " \t", &state))
		words[count++] = word;
	if (!count)
		return mkp_error_create(MKP_ERROR_USAGE, "the compiler's name is empty");
	words[count] = last;
	*ret_words = words;
	return NULL;
}

static struct mkp_error *differs(struct mkp_build *build, const char *here)
{
	const char *there = build->config.compiler_text;

	if (!build->options->allow_compiler)
		return mkp_error_create(MKP_ERROR_UNSUPPORTED,
					"the kernel was built with '%s', but '%s' is "
					"'%s': its code would differ (--allow-compiler "
					"goes on)",
					there, build->cc, here);
	build->other_compiler = true;
	return mkp_build_note(build,
			      "the kernel was built with '%s', compiled here with '%s'",
			      there, here);
}

/* scripts/Kconfig.include: CC_VERSION_TEXT is the first line that `$(CC) --version` says.
 */
struct mkp_error *mkp_build_check_compiler(struct mkp_build *build)
{
	MKP_CLEANUP_FREE char *here = NULL;
	struct mkp_command command = { .line = keep_first, .data = &here };
	const char **words = NULL;
	int status = 0;
	struct mkp_error *error = split_words(&build->arena, build->cc, "--version",
					      &words);

	if (error)
		return error;
	command.argv = words;
	error = mkp_spawn(build->signals, &command, &status);
	if (error)
		return mkp_error_wrap(error, "the kernel was built with '%s'",
				      build->config.compiler_text);
	if (status || !here)
		return mkp_error_create(MKP_ERROR_IO, "'%s --version' failed", build->cc);
	if (strcmp(here, build->config.compiler_text))
		return differs(build, here);
	return NULL;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a kernel's configuration says about live patches.
 */
#include <errno.h>
#include <string.h>

#include "cmd/sections.h"

static const struct {
	const char *name, *why;
} config_options[] = {
	{ "LIVEPATCH", "live patches can be loaded" },
	{ "DYNAMIC_FTRACE_WITH_REGS", "how calls are redirected, or _ARGS" },
	{ "DYNAMIC_FTRACE_WITH_ARGS", "how calls are redirected, or _REGS" },
	{ "KALLSYMS_ALL", "variables can be found by name" },
	{ "HAVE_RELIABLE_STACKTRACE", "transitions end by themselves" },
	{ "UNWINDER_ORC", "modules need ORC data" },
	{ "UNWINDER_FRAME_POINTER", "code needs frame pointers" },
	{ "MODVERSIONS", "imports need checksums" },
	{ "MODULE_SIG_FORCE", "modules must be signed" },
	{ "TRIM_UNUSED_KSYMS", "few symbols are exported" },
	{ "JUMP_LABEL", "static branches are code" },
	{ "HAVE_STATIC_CALL_INLINE", "static calls are code" },
	{ "PARAVIRT", "calls of a hypervisor are code" },
	{ "RETPOLINE", "indirect branches go to thunks" },
	{ "MITIGATION_RETPOLINE", "indirect branches go to thunks" },
	{ "RETHUNK", "returns go to a thunk" },
	{ "MITIGATION_RETHUNK", "returns go to a thunk" },
	{ "CALL_PADDING", "functions have bytes in front of them" },
	{ "X86_KERNEL_IBT", "objtool runs after the link" },
	{ "CFI_CLANG", "functions have a hash in front of them" },
	{ "LTO_CLANG", "objects are no machine code" },
	{ "RANDSTRUCT", "structures differ from build to build" },
	{ "GCC_PLUGIN_RANDSTRUCT", "structures differ from build to build" },
	{ "GCC_PLUGIN_LATENT_ENTROPY", "code differs from build to build" },
};

_Static_assert(MKP_ARRAY_SIZE(config_options) == MKP_NR_CONFIG_OPTIONS, "one row each");

/* Which of them a line "CONFIG_NAME=VALUE" is about; -1: none. */
static int find_option(const char *line, const char **ret_value)
{
	if (strncmp(line, "CONFIG_", 7) != 0)
		return -1;
	line += 7;
	for (size_t i = 0; i < MKP_ARRAY_SIZE(config_options); i++) {
		size_t length = strlen(config_options[i].name);

		if (strncmp(line, config_options[i].name, length) || line[length] != '=')
			continue;
		*ret_value = line + length + 1;
		return (int)i;
	}
	return -1;
}

struct mkp_error *mkp_sections_config_read(struct mkp_sections_config *config,
					   const char *path, FILE *stream)
{
	MKP_CLEANUP_FREE char *line = NULL;
	size_t capacity = 0, any = 0;
	const char *value;

	config->path = path;
	for (size_t i = 0; i < MKP_NR_CONFIG_OPTIONS; i++) {
		config->options[i].name = config_options[i].name;
		config->options[i].why = config_options[i].why;
	}
	while (getline(&line, &capacity, stream) >= 0) {
		int i = find_option(line, &value);

		any += !strncmp(line, "CONFIG_", 7);
		if (i < 0 || config->options[i].value)
			continue;
		config->options[i].value = strndup(value, strcspn(value, "\n"));
		if (!config->options[i].value)
			return mkp_error_nomem();
	}
	if (ferror(stream))
		return mkp_error_create_errno(errno, "%s", path);
	return any ? NULL
		   : mkp_error_create(MKP_ERROR_FORMAT,
				      "%s: no configuration of a kernel", path);
}

void mkp_sections_config_deinit(struct mkp_sections_config *config)
{
	for (size_t i = 0; i < MKP_NR_CONFIG_OPTIONS; i++)
		free(config->options[i].value);
}

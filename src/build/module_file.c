// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The file of a module as it was shipped: somewhere below lib/modules/RELEASE, under the
 * module's name with '-' or '_', perhaps compressed.
 */
#include <errno.h>
#include <fts.h>
#include <string.h>

#include "build/private.h"

static bool is_module(const char *file, const char *name)
{
	while (*name && (*file == *name || (*file == '-' && *name == '_'))) {
		file++;
		name++;
	}
	return !*name && !strncmp(file, ".ko", 3) && (!file[3] || file[3] == '.');
}

static struct mkp_error *look(struct mkp_build *build, const char *name,
			      const char **ret_path)
{
	MKP_CLEANUP_FREE char *root = strdup(build->inputs.modules);
	char *const roots[] = { root, NULL };
	struct mkp_error *error = NULL;
	FTSENT *entry;
	FTS *fts;

	if (!root)
		return mkp_error_nomem();
	fts = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	if (!fts)
		return mkp_error_create_errno(errno, "%s", build->inputs.modules);
	while (!error && !*ret_path && (entry = fts_read(fts)))
		if (entry->fts_info == FTS_F && is_module(entry->fts_name, name))
			error = mkp_format(&build->arena, ret_path, "%s",
					   entry->fts_path);
	fts_close(fts);
	return error;
}

struct mkp_error *mkp_build_find_module(struct mkp_build *build, const char *name,
					const char **ret_path)
{
	struct mkp_error *error;

	if (!build->inputs.modules)
		return mkp_error_create(MKP_ERROR_USAGE,
					"the patch needs the module %s, but where the "
					"modules of %s are is not known: --modules",
					name, build->inputs.release);
	*ret_path = NULL;
	error = look(build, name, ret_path);
	if (!error && !*ret_path)
		error = mkp_error_create(MKP_ERROR_USAGE,
					 "the patch needs the module %s, which is not "
					 "below %s",
					 name, build->inputs.modules);
	return error;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the vmlinux calls itself. Its banner stands in the file as text:
 * "Linux version 6.1.0-56-amd64 (...) (gcc ...) #1 SMP ... Debian 6.1.192-2 (...)"
 * (init/version.c, linux_banner; once more with a %s, as linux_proc_banner).
 */
#include <string.h>

#include "build/private.h"
#include "elf/object.h"

static const char start[] = "Linux version ";

static const char *find_banner(const struct mkp_object *object)
{
	for (uint32_t i = 1; i < object->nr_sections; i++) {
		const struct mkp_section *section = &object->sections[i];
		const char *at = (const char *)section->data;

		if (!at || strncmp(section->name, ".rodata", 7))
			continue;
		at = memmem(at, section->size, start, sizeof(start) - 1);
		if (at &&
		    memchr(at, '\0',
			   section->size - (size_t)(at - (const char *)section->data)))
			return at;
	}
	return NULL;
}

static struct mkp_error *compare_release(struct mkp_build *build, const char *banner)
{
	const char *release = banner + sizeof(start) - 1;
	const char *here;
	struct mkp_error *error = mkp_format(&build->arena, &here, "%.*s",
					     (int)strcspn(release, " "), release);

	if (error)
		return error;
	if (!build->inputs.release)
		build->inputs.release = here;
	else if (strcmp(build->inputs.release, here))
		return mkp_error_create(
			MKP_ERROR_USAGE,
			"wrong kernel: %s is the vmlinux of %s, not of %s",
			build->inputs.vmlinux, here, build->inputs.release);
	return NULL;
}

struct mkp_error *mkp_build_take_release(struct mkp_build *build)
{
	struct mkp_object *object;
	struct mkp_error *error = mkp_object_open(build->inputs.vmlinux, &object);
	const char *banner;

	if (error) {
		/* A System.map: it does not tell. */
		mkp_error_destroy(error);
		if (build->inputs.release)
			return NULL;
		return mkp_error_create(MKP_ERROR_USAGE,
					"%s does not say which release it is of: name it "
					"with -k",
					build->inputs.vmlinux);
	}
	banner = find_banner(object);
	error = banner ? compare_release(build, banner) : NULL;
	mkp_object_destroy(object);
	if (!error && !build->inputs.release)
		return mkp_error_create(
			MKP_ERROR_FORMAT,
			"%s has no \"Linux version\" in it: not a vmlinux",
			build->inputs.vmlinux);
	return error;
}

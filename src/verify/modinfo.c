// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the module says of itself in .modinfo and in struct module, against the image.
 */
#include <string.h>

#include "verify/private.h"

/* A kernel takes MODULE_NAME_LEN - 1 characters: include/linux/module.h. */
#define NAME_MAX_LENGTH 55

static struct mkp_error *check_mark(struct mkp_verify *verify)
{
	const char *mark = mkp_verify_modinfo(verify->object, "livepatch=", NULL);

	if (mark && *mark == 'Y')
		return NULL;
	return mkp_verify_add(verify->report, MKP_VERIFY_NOT_LIVEPATCH, ".modinfo",
			      "no livepatch=Y");
}

/* license_is_gpl_compatible() of include/linux/license.h, v6.1. */
static struct mkp_error *check_license(struct mkp_verify *verify)
{
	static const char *const names[] = {
		"GPL",		"GPL v2",	"GPL and additional rights",
		"Dual BSD/GPL", "Dual MIT/GPL", "Dual MPL/GPL"
	};
	const char *license = mkp_verify_modinfo(verify->object, "license=", NULL);

	for (size_t i = 0; license && i < MKP_ARRAY_SIZE(names); i++)
		if (!strcmp(license, names[i]))
			return NULL;
	return mkp_verify_add(verify->report, MKP_VERIFY_LICENSE, ".modinfo",
			      "the license is %s", license ? license : "not given");
}

/* The name is an array in struct module, whose place depends on the configuration. */
static bool struct_has_name(const struct mkp_section *module, const char *name)
{
	size_t length = strlen(name) + 1;
	const uint8_t *at;

	if (!module->data || module->size < length)
		return false;
	at = memmem(module->data, module->size, name, length);
	return at && (at == module->data || !at[-1]);
}

static struct mkp_error *check_name(struct mkp_verify *verify)
{
	const struct mkp_object *object = verify->object;
	const char *name = mkp_verify_modinfo(object, "name=", NULL);
	const struct mkp_section *module = &object->sections[mkp_object_find_section(
		object, ".gnu.linkonce.this_module")];

	verify->report->name = name;
	if (!name || !*name)
		return mkp_verify_add(verify->report, MKP_VERIFY_MODULE_NAME, ".modinfo",
				      "no name=");
	if (strlen(name) > NAME_MAX_LENGTH)
		return mkp_verify_add(verify->report, MKP_VERIFY_MODULE_NAME, name,
				      "longer than %d characters", NAME_MAX_LENGTH);
	if (!struct_has_name(module, name))
		return mkp_verify_add(verify->report, MKP_VERIFY_MODULE_NAME, name,
				      "struct module has another name");
	return NULL;
}

static struct mkp_error *check_vermagic(struct mkp_verify *verify)
{
	const char *got = mkp_verify_modinfo(verify->object, "vermagic=", NULL);
	const char *want = mkp_verify_image_text(verify->images[0], "vermagic");

	if (got && want && !strcmp(got, want))
		return NULL;
	return mkp_verify_add(verify->report, MKP_VERIFY_VERMAGIC, ".modinfo",
			      "the module has '%s', the kernel '%s'", got ? got : "",
			      want ? want : "");
}

/* struct module points to both functions; the loader relocates that like other data. */
static struct mkp_error *check_init(struct mkp_verify *verify)
{
	const struct mkp_object *object = verify->object;
	uint32_t section = mkp_object_find_section(object, ".gnu.linkonce.this_module");
	bool init = false, exit = false;
	const struct mkp_verify_reloc *relocs;
	struct mkp_error *error = NULL;
	size_t count;

	relocs = mkp_verify_relocs_of(verify, section, &count);
	for (size_t i = 0; i < count; i++) {
		const char *name = object->symbols[relocs[i].raw.symbol].name;

		init |= !strcmp(name, "init_module");
		exit |= !strcmp(name, "cleanup_module");
	}
	if (!init)
		error = mkp_verify_add(verify->report, MKP_VERIFY_NO_INIT,
				       ".gnu.linkonce.this_module",
				       "no pointer to init_module()");
	if (!error && !exit)
		error = mkp_verify_add(verify->report, MKP_VERIFY_NO_EXIT,
				       ".gnu.linkonce.this_module",
				       "no pointer to cleanup_module()");
	return error;
}

/* What mkpatch wrote of the kernel that the patch was made for. */
static struct mkp_error *check_target(struct mkp_verify *verify)
{
	const char *release = mkp_verify_modinfo(verify->object,
						 "mkpatch_release=", NULL);
	const char *build_id = mkp_verify_modinfo(verify->object,
						  "mkpatch_build_id=", NULL);
	const struct mkp_verify_image *vmlinux = verify->images[0];
	struct mkp_error *error = NULL;

	if (release && vmlinux->release && strcmp(release, vmlinux->release) != 0)
		error = mkp_verify_add(verify->report, MKP_VERIFY_TARGET, ".modinfo",
				       "made for %s, this kernel is %s", release,
				       vmlinux->release);
	if (!error && build_id && *vmlinux->build_id &&
	    strcmp(build_id, vmlinux->build_id) != 0)
		error = mkp_verify_add(verify->report, MKP_VERIFY_TARGET, ".modinfo",
				       "made for build-id %s, this kernel has %s",
				       build_id, vmlinux->build_id);
	return error;
}

struct mkp_error *mkp_verify_pass_modinfo(struct mkp_verify *verify)
{
	struct mkp_error *error = check_mark(verify);

	if (!error)
		error = check_license(verify);
	if (!error)
		error = check_name(verify);
	if (!error)
		error = check_vermagic(verify);
	if (!error)
		error = check_target(verify);
	return error ? error : check_init(verify);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Livepatch relocations that a kernel can not apply when it would have to, by version.
 *
 * Since 5.8 the loader applies those of vmlinux's symbols with the ordinary ones, before
 * it reads alternatives, paravirt sites, jump labels and static calls (7c8e2bdd5f0d,
 * "livepatch: Apply vmlinux-specific KLP relocations early"). Older kernels apply all of
 * them when the patch registers itself, which is after that; entries of such tables had
 * to wait in sections `.klp.arch.*` then, which the same series removed (1d05334d2899)
 * and mkpatch does not write. Code itself is no concern: 5.7 and older make the module's
 * text writable for that time, 5.8 and later use text_poke() (88fc078a7a8f).
 *
 * A symbol of a patched module is resolved when that module is there, in all versions: in
 * a table it is refused whatever the version (mkp_check_module_symbol()).
 *
 * Before 6.3 nothing takes the values out again when the patched module goes away, while
 * the loader wants zeros where it applies a relocation, else "existing value is nonzero":
 * 0c05e7bd2d01 ("livepatch,x86: Clear relocation targets on a module removal").
 *
 * Which types of relocations the loader knows is the same whenever it applies them
 * (arch/x86/kernel/module.c, __write_relocate_add()); src/arch has those of payloads.
 */
#include <stdio.h>
#include <string.h>

#include "emit/bind.h"

struct target_version {
	unsigned int major, minor;
};

/* What -k says, else what vmlinux says of itself. False: it is not known. */
static bool find_version(const struct mkp_target *target, struct target_version *version)
{
	const char *release = target->release;

	if (!release && target->vmlinux)
		release = mkp_image_release(target->vmlinux);
	return release && sscanf(release, "%u.%u", &version->major, &version->minor) == 2;
}

/* An entry of a table that the loader reads refers to a symbol of vmlinux. */
static struct mkp_error *check_early_tables(const struct mkp_check_context *context,
					    const struct mkp_target *target MKP_UNUSED,
					    const struct mkp_bindings *bindings)
{
	const struct mkp_graph *graph = context->diff->patched;
	struct mkp_error *error = NULL;

	for (uint32_t i = 0; i < graph->nr_refs && !error; i++) {
		const struct mkp_atom *from = &graph->atoms[graph->ref_atom[i]];
		uint32_t to = graph->refs[i].target;

		if (from->kind != MKP_ATOM_ENTRY ||
		    context->selection->fates[i] != MKP_FATE_ORIGINAL ||
		    bindings->atoms[to].kind != MKP_BIND_LIVEPATCH ||
		    mkp_binding_is_late(&bindings->atoms[to]))
			continue;
		error = mkp_check_report(
			context->report, MKP_CHECK_TABLE_READ_EARLY,
			bindings->atoms[to].name, NULL,
			"used in %s, which kernels before 5.8 read before they "
			"resolve it",
			graph->object->sections[from->section].name);
	}
	return error;
}

/* Something of the patched module is referred to. */
static struct mkp_error *check_reload(const struct mkp_check_context *context,
				      const struct mkp_target *target,
				      const struct mkp_bindings *bindings)
{
	const struct mkp_graph *graph = context->diff->patched;
	uint32_t i = 0;

	while (i < graph->nr_atoms &&
	       (!target->object || bindings->atoms[i].kind != MKP_BIND_LIVEPATCH ||
		strcmp(bindings->atoms[i].object, target->object) != 0))
		i++;
	if (i == graph->nr_atoms)
		return NULL;
	return mkp_check_report(context->report, MKP_CHECK_MODULE_RELOAD, target->object,
				NULL,
				"can not be loaded again while the patch is enabled, "
				"on kernels before 6.3");
}

/* What kernels before a version do not do. */
static const struct limit {
	struct target_version until;
	bool if_unknown; /* a warning is given, a refusal needs certainty */
	struct mkp_error *(*check)(const struct mkp_check_context *context,
				   const struct mkp_target *target,
				   const struct mkp_bindings *bindings);
} limits[] = {
	{ { 5, 8 }, false, check_early_tables },
	{ { 6, 3 }, true, check_reload },
};

static bool applies(const struct limit *limit, bool known,
		    const struct target_version *version)
{
	if (!known)
		return limit->if_unknown;
	return version->major < limit->until.major ||
	       (version->major == limit->until.major &&
		version->minor < limit->until.minor);
}

struct mkp_error *mkp_bind_check_target(const struct mkp_check_context *context,
					const struct mkp_target *target,
					const struct mkp_bindings *bindings)
{
	struct target_version version = { 0 };
	bool known = find_version(target, &version);
	struct mkp_error *error = NULL;

	for (size_t i = 0; i < MKP_ARRAY_SIZE(limits) && !error; i++)
		if (applies(&limits[i], known, &version))
			error = limits[i].check(context, target, bindings);
	return error;
}

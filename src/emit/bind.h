/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Binding: how each reference that leaves the payload finds its target in the running
 * kernel, and at which position each replaced function is found.
 *
 *   exported by vmlinux        an ordinary undefined symbol; the module loader resolves
 * it everything else            a livepatch symbol: object, name, position
 *
 * Names are those of the *original* object, since that is what the kernel was made from.
 */
#ifndef MKP_EMIT_BIND_H
#define MKP_EMIT_BIND_H

#include "check/check.h"
#include "image/image.h"
#include "match/match.h"

/** The kernel that is patched; NULL for what is not known. All borrowed. */
struct mkp_target {
	const char *object; /* NULL: vmlinux; otherwise the module that is patched */
	const struct mkp_image *vmlinux;
	const struct mkp_image *module;
	const struct mkp_symvers *symvers;
	const char *release; /* of the kernel */
	/* The original object against the image of `object`; NULL: that has no code. */
	const struct mkp_match *match;
};

enum mkp_binding_kind {
	MKP_BIND_NONE, /* not needed by the payload */
	MKP_BIND_EXPORT,
	MKP_BIND_LIVEPATCH,
	MKP_BIND_SHARED, /* a copy that another object of the patch carries */
};

struct mkp_binding {
	enum mkp_binding_kind kind;
	bool weak;	      /* undefined weak symbol that need not be there */
	const char *name;     /* borrowed from the original or patched object */
	const char *object;   /* whose livepatch section the relocation goes into */
	const char *provider; /* "vmlinux" or a module; of a shared copy: its object */
	const char *space;    /* export namespace to import, NULL if none */
	const struct mkp_export *export; /* borrowed; what it is of Module.symvers */
	uint64_t position;
};

struct mkp_bindings {
	struct mkp_binding *atoms;    /* [patched atoms]: targets of references */
	struct mkp_binding *replaced; /* [selection->nr_replaced] */
};

/**
 * Binds everything. What can not be bound is reported, and the report's findings decide
 * what happens then; an error is one of ours.
 */
struct mkp_error *mkp_bind(const struct mkp_check_context *context,
			   const struct mkp_target *target,
			   struct mkp_bindings **ret_bindings) MKP_MUST_CHECK;

/** Reports what the target kernel is too old for: bind_target.c. */
struct mkp_error *mkp_bind_check_target(
	const struct mkp_check_context *context, const struct mkp_target *target,
	const struct mkp_bindings *bindings) MKP_MUST_CHECK;

/** Whether the kernel resolves it only when a module is there, perhaps after the patch.
 */
bool mkp_binding_is_late(const struct mkp_binding *binding);

void mkp_bindings_destroy(struct mkp_bindings *bindings);

#endif

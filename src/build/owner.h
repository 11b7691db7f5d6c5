/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whose an object is: vmlinux's or a module's, by the makefiles of the source. They are
 * read by make itself, with the kernel's configuration, so nothing has to be built.
 */
#ifndef MKP_BUILD_OWNER_H
#define MKP_BUILD_OWNER_H

#include "build/private.h"

enum mkp_owner_kind {
	MKP_OWNER_NONE, /* no list has it, or its directory is not gone into */
	MKP_OWNER_VMLINUX,
	MKP_OWNER_LIBRARY, /* linked into vmlinux if something there needs it */
	MKP_OWNER_MODULE,
};

struct mkp_owners; /* opaque; remembers what it has read */

struct mkp_owners_kernel {
	const char *config; /* file */
	const char *arch;   /* kbuild's ARCH */
};

/** @source is where the makefiles are. Strings stay the caller's. */
struct mkp_error *mkp_owners_create(struct mkp_signals *signals, const char *source,
				    const struct mkp_owners_kernel *kernel,
				    const char *scratch,
				    struct mkp_owners **ret_owners) MKP_MUST_CHECK;
void mkp_owners_destroy(struct mkp_owners *owners);

/** That an object will be looked up: all makefiles that it takes are read at once. */
struct mkp_error *mkp_owners_expect(struct mkp_owners *owners,
				    const char *object) MKP_MUST_CHECK;

/**
 * Looks an object up, "fs/proc/cmdline.o". *ret_module is the module's name, as the
 * kernel calls it, of the memory of @owners; NULL for other kinds.
 */
struct mkp_error *mkp_owners_find(struct mkp_owners *owners, const char *object,
				  enum mkp_owner_kind *ret_kind,
				  const char **ret_module) MKP_MUST_CHECK;

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The payload: an object file with the included atoms, their relocations, and nothing
 * else. References to what the running kernel has become undefined symbols, either
 * ordinary ones or, for livepatch symbols, weak ones with the name of finalize.h.
 */
#ifndef MKP_EMIT_PAYLOAD_H
#define MKP_EMIT_PAYLOAD_H

#include "diff/select.h"
#include "emit/bind.h"

/** What was written, for the report. */
struct mkp_payload_counts {
	uint64_t livepatch, normal; /* relocations to the running kernel */
};

/** How many functions the module source refers to: those that are replaced, then the
 * callbacks; the first of the selection's queue. */
static inline uint32_t mkp_nr_named(const struct mkp_selection *selection)
{
	return selection->nr_replaced + selection->nr_callbacks;
}

/**
 * Writes the payload of @object (NULL: vmlinux) to @path. @new_symbols[i] is the global
 * name that the i-th function which the module source refers to gets besides its own.
 * What other objects of the patch refer to has such a name, too. Its own symbols are all
 * local.
 */
struct mkp_error *mkp_payload_write(const struct mkp_selection *selection,
				    const struct mkp_bindings *bindings,
				    const char *object, char *const *new_symbols,
				    const char *path,
				    struct mkp_payload_counts *ret_counts) MKP_MUST_CHECK;

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Contracts that the compiler can enforce, and scope-bound clean-up.
 */
#ifndef MKP_BASE_COMPILER_H
#define MKP_BASE_COMPILER_H

#include <stdlib.h>

#define MKP_MUST_CHECK	     __attribute__((warn_unused_result))
#define MKP_PRINTF(fmt, arg) __attribute__((format(printf, fmt, arg)))
#define MKP_UNUSED	     __attribute__((unused))

#define MKP_ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/** Frees the malloc'ed pointer variable when it goes out of scope. */
#define MKP_CLEANUP_FREE __attribute__((cleanup(mkp_cleanup_free)))

static inline void mkp_cleanup_free(void *pointer_to_pointer)
{
	free(*(void **)pointer_to_pointer);
}

#endif

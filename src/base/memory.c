// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/memory.h"

#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* More is for objects that take so long that page faults do not count. */
#define HEAP (16 << 20)
/* Arrays of this size move by mremap(), so growing them copies nothing. */
#define LARGE (8 << 20)

void mkp_memory_prepare(void)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), start, end;
	void *volatile first; /* so that the compiler does not leave it out */

	/* glibc; with another allocator nothing comes of it. */
	mallopt(M_MMAP_THRESHOLD, LARGE);
	mallopt(M_TRIM_THRESHOLD, 2 * HEAP);
	mallopt(M_TOP_PAD, HEAP);
	first = malloc(1);
	free(first);
	end = (uintptr_t)sbrk(0);
	if (end == UINTPTR_MAX || end < HEAP)
		return;
	start = (end - HEAP + page - 1) & ~(page - 1);
	if (madvise((void *)start, end - start, MADV_HUGEPAGE))
		return;
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/arena.h"

#include <stdalign.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define BLOCK_SIZE 4096

struct mkp_arena_block {
	struct mkp_arena_block *next;
	size_t used;
	size_t size;
	alignas(max_align_t) char data[];
};

void mkp_arena_init(struct mkp_arena *arena)
{
	arena->blocks = NULL;
}

void mkp_arena_deinit(struct mkp_arena *arena)
{
	struct mkp_arena_block *block = arena->blocks, *next;

	for (; block; block = next) {
		next = block->next;
		free(block);
	}
	arena->blocks = NULL;
}

static struct mkp_arena_block *add_block(struct mkp_arena *arena, size_t size)
{
	struct mkp_arena_block *block;

	if (size < BLOCK_SIZE)
		size = BLOCK_SIZE;
	block = calloc(1, sizeof(*block) + size);
	if (!block)
		return NULL;
	block->size = size;
	block->next = arena->blocks;
	arena->blocks = block;
	return block;
}

void *mkp_arena_alloc(struct mkp_arena *arena, size_t size)
{
	const size_t align = alignof(max_align_t);
	struct mkp_arena_block *block = arena->blocks;
	void *memory;

	if (size > SIZE_MAX / 2)
		return NULL;
	size = (size + align - 1) & ~(align - 1);
	if (!block || block->size - block->used < size)
		block = add_block(arena, size);
	if (!block)
		return NULL;
	memory = block->data + block->used;
	block->used += size;
	return memory;
}

char *mkp_arena_strdup(struct mkp_arena *arena, const char *string)
{
	size_t size = string ? strlen(string) + 1 : 0;
	char *copy = string ? mkp_arena_alloc(arena, size) : NULL;

	return copy ? memcpy(copy, string, size) : NULL;
}

char *mkp_arena_vprintf(struct mkp_arena *arena, const char *format, va_list args)
{
	va_list again;
	char *text = NULL;
	int length;

	va_copy(again, args);
	length = vsnprintf(NULL, 0, format, args);
	if (length >= 0)
		text = mkp_arena_alloc(arena, (size_t)length + 1);
	if (text)
		vsnprintf(text, (size_t)length + 1, format, again);
	va_end(again);
	return text;
}

char *mkp_arena_printf(struct mkp_arena *arena, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = mkp_arena_vprintf(arena, format, args);
	va_end(args);
	return text;
}

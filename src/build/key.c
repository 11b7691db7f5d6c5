// SPDX-License-Identifier: GPL-2.0-or-later
#include "build/key.h"

#include <stdio.h>
#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "build/files.h"

struct mkp_key {
	XXH3_state_t *state;
};

struct mkp_error *mkp_key_create(struct mkp_key **ret_key)
{
	struct mkp_key *key = calloc(1, sizeof(*key));

	if (key)
		key->state = XXH3_createState();
	if (!key || !key->state || XXH3_128bits_reset(key->state) != XXH_OK) {
		mkp_key_destroy(key);
		return mkp_error_nomem();
	}
	*ret_key = key;
	return NULL;
}

void mkp_key_destroy(struct mkp_key *key)
{
	if (!key)
		return;
	XXH3_freeState(key->state);
	free(key);
}

void mkp_key_add_bytes(struct mkp_key *key, const void *bytes, size_t size)
{
	/* Fails only for a NULL pointer. */
	(void)XXH3_128bits_update(key->state, &size, sizeof(size));
	if (size)
		(void)XXH3_128bits_update(key->state, bytes, size);
}

void mkp_key_add_text(struct mkp_key *key, const char *text)
{
	mkp_key_add_bytes(key, text, text ? strlen(text) + 1 : 0);
}

struct mkp_error *mkp_key_add_file(struct mkp_key *key, const char *path)
{
	MKP_CLEANUP_FREE char *data = NULL;
	size_t size;
	struct mkp_error *error = mkp_file_read(path, &data, &size);

	if (!error)
		mkp_key_add_bytes(key, data, size);
	return error;
}

void mkp_key_finish(const struct mkp_key *key, char ret_text[MKP_KEY_TEXT])
{
	XXH128_hash_t hash = XXH3_128bits_digest(key->state);

	snprintf(ret_text, MKP_KEY_TEXT, "%016llx%016llx",
		 (unsigned long long)hash.high64, (unsigned long long)hash.low64);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The debug file of a stripped image: where debuggers look for it, too. First by
 * build-id, DIR/.build-id/ab/cdef.debug; then by the name in .gnu_debuglink, beside the
 * image, in .debug beside it, and below DIR at the image's own path; and for a module
 * where Debian, which has neither links nor .gnu_debuglink for them, and others put it.
 *
 * What is found by name is taken only if its build-id is that of the image. The checksum
 * of .gnu_debuglink is not looked at: to read all of a vmlinux for it takes longer than
 * everything else, and the kernel is linked with --build-id, as modules are.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "elf/object.h"
#include "elf/order.h"
#include "image/private.h"

static uint64_t padded(uint64_t size)
{
	return (size + 3) & ~(uint64_t)3;
}

/* The description of the note of @section that is a build-id. */
static const uint8_t *find_in_section(const struct mkp_object *object,
				      const struct mkp_section *section, size_t *ret_size)
{
	const uint8_t *at = section->data;
	uint64_t left = at ? section->size : 0;

	while (left >= sizeof(Elf64_Nhdr)) {
		Elf64_Nhdr note;
		uint64_t name, size;

		memcpy(&note, at, sizeof(note));
		name = padded(mkp_object_get32(object, note.n_namesz));
		size = mkp_object_get32(object, note.n_descsz);
		left -= sizeof(note);
		at += sizeof(note);
		if (name > left || padded(size) > left - name)
			return NULL;
		if (mkp_object_get32(object, note.n_type) == NT_GNU_BUILD_ID &&
		    name == 4 && !memcmp(at, "GNU", 4) && size >= 2) {
			*ret_size = size;
			return at + name;
		}
		at += name + padded(size);
		left -= name + padded(size);
	}
	return NULL;
}

const uint8_t *mkp_build_id_find(const struct mkp_object *object, size_t *ret_size)
{
	for (uint32_t i = 1; i < object->nr_sections; i++) {
		const uint8_t *found = NULL;

		if (object->sections[i].type == SHT_NOTE)
			found = find_in_section(object, &object->sections[i], ret_size);
		if (found)
			return found;
	}
	*ret_size = 0;
	return NULL;
}

static bool same_build(const struct mkp_object *a, const struct mkp_object *b)
{
	size_t size_a, size_b;
	const uint8_t *id_a = mkp_build_id_find(a, &size_a);
	const uint8_t *id_b = mkp_build_id_find(b, &size_b);

	return id_a && id_b && size_a == size_b && !memcmp(id_a, id_b, size_a);
}

/* DIR/.build-id/ab/cdef.debug; NULL without memory. */
static char *build_id_path(const char *directory, const uint8_t *id, size_t size)
{
	char *text = NULL;
	size_t length;
	FILE *stream = open_memstream(&text, &length);

	if (!stream)
		return NULL;
	fprintf(stream, "%s/.build-id/%02x/", directory, id[0]);
	for (size_t i = 1; i < size; i++)
		fprintf(stream, "%02x", id[i]);
	fputs(".debug", stream);
	if (fclose(stream)) {
		free(text);
		return NULL;
	}
	return text;
}

/* The name in .gnu_debuglink, which is followed by a checksum; NULL: there is none. */
static const char *debug_link(const struct mkp_object *object)
{
	const struct mkp_section *section =
		&object->sections[mkp_object_find_section(object, ".gnu_debuglink")];
	const char *name = (const char *)section->data;

	if (!name || strnlen(name, section->size) == section->size || !*name ||
	    strchr(name, '/'))
		return NULL;
	return name;
}

/* Takes the file at @path, which it frees, if it belongs to the image. */
static struct mkp_error *try_path(struct mkp_image *image, char *path)
{
	struct mkp_object *debug = NULL;
	struct mkp_error *error = NULL;

	if (!path)
		return mkp_error_nomem();
	if (!access(path, R_OK))
		error = mkp_object_open(path, &debug);
	free(path);
	if (debug && same_build(image->object, debug))
		image->debug = debug;
	else
		mkp_object_destroy(debug);
	return error;
}

/* Places by the name in .gnu_debuglink. */
static struct mkp_error *search_link(struct mkp_image *image, const char *directory,
				     const char *real)
{
	static const struct {
		bool below; /* the debug directory */
		const char *between;
	} places[] = { { false, "/" }, { false, "/.debug/" }, { true, "/" } };
	const char *name = debug_link(image->object);
	int length = (int)(mkp_path_basename(real) - real) - 1;
	struct mkp_error *error = NULL;

	for (size_t i = 0; name && i < MKP_ARRAY_SIZE(places); i++) {
		char *path = NULL;

		if (error || image->debug)
			break;
		if (asprintf(&path, "%s%.*s%s%s", places[i].below ? directory : "",
			     length, real, places[i].between, name) < 0)
			path = NULL;
		error = try_path(image, path);
	}
	return error;
}

/* "/lib/modules/R/kernel/fs/x.ko.xz" has the debug file ".../x.ko" or ".../x.ko.debug".
 */
static struct mkp_error *search_module(struct mkp_image *image, const char *directory,
				       const char *real)
{
	static const struct {
		const char *before, *after;
	} places[] = {
		{ "", "" }, { "", ".debug" }, { "/usr", "" }, { "/usr", ".debug" }
	};
	const char *tail = strstr(real, "/lib/modules/");
	const char *end = tail ? strstr(mkp_path_basename(tail), ".ko") : NULL;
	struct mkp_error *error = NULL;

	for (size_t i = 0; end && i < MKP_ARRAY_SIZE(places); i++) {
		char *path = NULL;

		if (error || image->debug)
			break;
		if (asprintf(&path, "%s%s%.*s%s", directory, places[i].before,
			     (int)(end + strlen(".ko") - tail), tail,
			     places[i].after) < 0)
			path = NULL;
		error = try_path(image, path);
	}
	return error;
}

static struct mkp_error *search(struct mkp_image *image, const char *directory)
{
	MKP_CLEANUP_FREE char *real = realpath(image->path, NULL);
	size_t size;
	const uint8_t *id = mkp_build_id_find(image->object, &size);
	struct mkp_error *error;

	if (!id || !real)
		return NULL;
	error = try_path(image, build_id_path(directory, id, size));
	if (!error && !image->debug)
		error = search_link(image, directory, real);
	if (!error && !image->debug && image->module)
		error = search_module(image, directory, real);
	return error;
}

struct mkp_error *mkp_image_open_debug(struct mkp_image *image,
				       const struct mkp_image_source *source)
{
	struct mkp_error *error;

	if (!source->debug)
		return source->debug_dir ? search(image, source->debug_dir) : NULL;
	error = mkp_object_open(source->debug, &image->debug);
	if (!error && !same_build(image->object, image->debug))
		error = mkp_error_create(
			MKP_ERROR_USAGE,
			"%s is not the debug file of %s: their build-ids differ",
			source->debug, image->path);
	return error;
}

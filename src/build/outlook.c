// SPDX-License-Identifier: GPL-2.0-or-later
#include "build/outlook.h"

#include <string.h>
#include <time.h>

#include "base/array.h"
#include "build/concerns.h"
#include "build/private.h"

/*
 * The rule for the estimate, in seconds of processor time, from builds for Debian's
 * 6.1.0-56-amd64 (Linux 6.1.192, gcc-12) on two cores beside other work: 89 with a tree
 * to prepare, for one object; 26 in that tree; 313 with a tree to prepare, for 38 objects
 * of which none differs. An object is compiled twice.
 */
#define SECONDS_PREPARE 63.0
#define SECONDS_MODULE	20.0
#define SECONDS_OBJECT	6.4

void mkp_outlook_init(struct mkp_outlook *outlook)
{
	*outlook = (struct mkp_outlook){ 0 };
	mkp_build_result_init(&outlook->result);
}

void mkp_outlook_deinit(struct mkp_outlook *outlook)
{
	free(outlook->files);
	free(outlook->objects);
	free(outlook->concerns);
	free(outlook->notes);
	mkp_build_result_deinit(&outlook->result);
}

/* Notes are kept; how it goes is no matter, for it is short. */
static void take_event(void *data, const struct mkp_build_event *event)
{
	struct mkp_outlook *outlook = data;
	const char *text;
	struct mkp_error *error;

	if (event->kind != MKP_EVENT_NOTE)
		return;
	text = mkp_arena_strdup(&outlook->result.arena, event->text);
	error = mkp_array_reserve(&outlook->notes, &outlook->cap_notes,
				  outlook->nr_notes + 1, sizeof(*outlook->notes));
	if (text && !error)
		outlook->notes[outlook->nr_notes++] = text;
	mkp_error_destroy(error);
}

static struct mkp_error *keep(struct mkp_outlook *outlook, const char *text,
			      const char **ret_text)
{
	*ret_text = mkp_arena_strdup(&outlook->result.arena, text);
	return *ret_text || !text ? NULL : mkp_error_nomem();
}

static struct mkp_error *take_files(struct mkp_build *build, struct mkp_outlook *outlook)
{
	static const char *const states[] = {
		[MKP_FILE_MODIFIED] = "modified",
		[MKP_FILE_NEW] = "new",
		[MKP_FILE_DELETED] = "deleted",
	};
	struct mkp_error *error = mkp_array_create(
		build->nr_files, sizeof(*outlook->files), &outlook->files);

	for (size_t i = 0; i < build->nr_files && !error; i++) {
		struct mkp_outlook_file *file = &outlook->files[outlook->nr_files++];

		file->state = states[build->files[i].state];
		error = keep(outlook, build->files[i].path, &file->path);
		for (size_t k = 0; k < build->nr_affected; k++)
			file->nr_objects += build->affected[k].because ==
					    build->files[i].path;
		if (!error)
			error = mkp_concerns_of_file(build, outlook, file->path);
	}
	return error;
}

static struct mkp_error *take_objects(struct mkp_build *build,
				      struct mkp_outlook *outlook)
{
	struct mkp_error *error = mkp_array_create(
		build->nr_affected, sizeof(*outlook->objects), &outlook->objects);

	for (size_t i = 0; i < build->nr_affected && !error; i++) {
		struct mkp_affected affected = build->affected[i];
		struct mkp_outlook_object *object =
			&outlook->objects[outlook->nr_objects++];

		error = keep(outlook, affected.object, &object->path);
		if (!error)
			error = keep(outlook, affected.owner, &object->owner);
		if (!error)
			error = keep(outlook, affected.because, &object->because);
		affected.object = object->path;
		if (!error)
			error = mkp_concerns_of_object(build, outlook, &affected);
	}
	return error;
}

static struct mkp_error *look(struct mkp_build *build, void *data)
{
	struct mkp_outlook *outlook = data;
	struct mkp_build_result *result = build->result;
	struct mkp_error *error = mkp_build_look_at_inputs(build);

	if (!error)
		error = mkp_build_source(build);
	if (!error)
		error = keep(outlook, build->inputs.release, &result->release);
	if (!error)
		error = mkp_build_apply(build);
	if (!error)
		error = mkp_build_affected(build);
	if (!error)
		error = take_files(build, outlook);
	if (!error)
		error = take_objects(build, outlook);
	if (error)
		return error;
	outlook->prepared = build->tree_reused;
	outlook->seconds = (build->tree_reused ? 0 : SECONDS_PREPARE) + SECONDS_MODULE +
			   SECONDS_OBJECT * (double)build->nr_affected;
	if (!build->nr_affected)
		outlook->seconds = 0;
	if (!result->refusals.count && !build->nr_affected)
		result->status = MKP_BUILD_UNCHANGED;
	return mkp_tree_remove(build->run);
}

struct mkp_error *mkp_build_look(const struct mkp_build_options *options,
				 struct mkp_outlook *outlook)
{
	const struct mkp_build_sink sink = { take_event, outlook };
	struct mkp_build build = {
		.options = options,
		.sink = &sink,
		.result = &outlook->result,
		.lock = -1,
		.looks_only = true,
	};

	return mkp_build_guard(&build, look, outlook);
}

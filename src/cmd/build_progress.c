// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Progress: on a terminal one line that moves, elsewhere a line for each stage, and JSON
 * lines for a program that asked for them. All of it on standard error, since the result
 * is what standard output is for.
 */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "cmd/build.h"
#include "cmd/cmd.h"

void mkp_progress_finish(struct mkp_progress *progress)
{
	if (progress->line)
		fputs("\r\033[K", stderr);
	progress->line = false;
}

static struct mkp_error *fill_status(struct json_object *object,
				     const struct mkp_build_event *event)
{
	static const char *const kinds[] = { "begin", "progress", "end", "note",
					     "detail" };
	const struct mkp_json_member members[] = {
		MKP_JSON_STRING("event", kinds[event->kind]),
		MKP_JSON_STRING("stage", mkp_stage_name(event->stage)),
		MKP_JSON_NUMBER("number", event->stage + 1u),
		MKP_JSON_NUMBER("of", MKP_NR_STAGES),
	};
	bool counted = event->kind == MKP_EVENT_PROGRESS;
	struct mkp_error *error = mkp_json_add_members(object, members,
						       MKP_ARRAY_SIZE(members));

	if (!error)
		error = mkp_json_add(object, "seconds",
				     json_object_new_double(event->seconds));
	if (!error && counted)
		error = mkp_json_add_number(object, "done", event->done);
	if (!error && counted && event->total)
		error = mkp_json_add_number(object, "total", event->total);
	if (!error && event->text)
		error = mkp_json_add_string(object, "text", event->text);
	return error;
}

/* A reader that is gone is no reason to end the build. */
static void write_status(FILE *status, const struct mkp_build_event *event)
{
	struct json_object *object = json_object_new_object();
	struct mkp_error *error = object ? fill_status(object, event) : NULL;

	if (!error && object)
		error = mkp_json_write_line(object, status);
	json_object_put(object);
	mkp_error_destroy(error);
}

static void move_line(struct mkp_progress *progress, const struct mkp_build_event *event)
{
	if (!progress->terminal)
		return;
	fprintf(stderr, "\r\033[K[%d/%d] %s", event->stage + 1, MKP_NR_STAGES,
		mkp_stage_name(event->stage));
	if (event->total)
		fprintf(stderr, ": %s %zu/%zu", event->text, event->done, event->total);
	else if (event->text && event->done)
		fprintf(stderr, ": %zu %s", event->done, event->text);
	else if (event->text)
		fprintf(stderr, ": %s", event->text);
	fflush(stderr);
	progress->line = true;
}

void mkp_progress_event(void *data, const struct mkp_build_event *event)
{
	struct mkp_progress *progress = data;

	if (progress->status)
		write_status(progress->status, event);
	if (event->kind == MKP_EVENT_DETAIL) {
		mkp_progress_finish(progress);
		fputs(event->text, stderr);
	}
	if (progress->quiet)
		return;
	switch (event->kind) {
	case MKP_EVENT_BEGIN:
	case MKP_EVENT_PROGRESS:
		move_line(progress, event);
		break;
	case MKP_EVENT_END:
		mkp_progress_finish(progress);
		fprintf(stderr, "[%d/%d] %-9s %6.1f s  %s\n", event->stage + 1,
			MKP_NR_STAGES, mkp_stage_name(event->stage), event->seconds,
			event->text);
		break;
	case MKP_EVENT_NOTE:
		mkp_progress_finish(progress);
		fprintf(stderr, "mkpatch: note: %s\n", event->text);
		break;
	case MKP_EVENT_DETAIL:
		break;
	}
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Progress: on a terminal one line that moves, elsewhere a line for each stage, and JSON
 * lines for a program that asked for them. All of it on standard error, since the result
 * is what standard output is for.
 */
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "cmd/build.h"
#include "cmd/cmd.h"

void mkp_progress_finish(struct mkp_progress *progress)
{
	if (progress->line)
		fputs("\r\033[K", stderr);
	progress->line = false;
}

static void write_status(FILE *status, const struct mkp_build_event *event)
{
	static const char *const kinds[] = { "begin", "progress", "end", "note",
					     "detail" };
	struct json_object *object = json_object_new_object();

	json_object_object_add(object, "event",
			       json_object_new_string(kinds[event->kind]));
	json_object_object_add(object, "stage",
			       json_object_new_string(mkp_stage_name(event->stage)));
	json_object_object_add(object, "number", json_object_new_int(event->stage + 1));
	json_object_object_add(object, "of", json_object_new_int(MKP_NR_STAGES));
	json_object_object_add(object, "seconds", json_object_new_double(event->seconds));
	if (event->kind == MKP_EVENT_PROGRESS) {
		json_object_object_add(object, "done",
				       json_object_new_int64((int64_t)event->done));
		if (event->total)
			json_object_object_add(
				object, "total",
				json_object_new_int64((int64_t)event->total));
	}
	if (event->text)
		json_object_object_add(object, "text",
				       json_object_new_string(event->text));
	fprintf(status, "%s\n",
		json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN));
	fflush(status);
	json_object_put(object);
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

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a source diff to a module, without building the kernel.
 *
 *   tree       a private copy of the source, prepared once, kept as a reference
 *   affected   which objects the patch can change, and whose they are
 *   compile    each of them twice: same command, same path, same directory
 *   diff       what came of it
 *   preflight  the object that was compiled is the one that runs
 *   emit       the module's source
 *   module     kbuild links it, finalize makes its livepatch relocations
 *   verify     what was built is what was meant
 *
 * All that is written goes below the work directory, until the result is whole. Who is
 * stopped in the middle goes on where that was: what is there of a tree, of an object, is
 * complete, because it was renamed into place, and is trusted only under the key of what
 * it was made from.
 */
#ifndef MKP_BUILD_BUILD_H
#define MKP_BUILD_BUILD_H

#include "build/files.h"
#include "emit/patch.h"

enum mkp_build_stage {
	MKP_STAGE_TREE,
	MKP_STAGE_AFFECTED,
	MKP_STAGE_COMPILE,
	MKP_STAGE_DIFF,
	MKP_STAGE_PREFLIGHT,
	MKP_STAGE_EMIT,
	MKP_STAGE_MODULE,
	MKP_STAGE_VERIFY,
	MKP_NR_STAGES
};

const char *mkp_stage_name(enum mkp_build_stage stage);

/** What max_objects is unless the user says otherwise. */
#define MKP_MAX_OBJECTS 400

/** All borrowed; NULL: not given. */
struct mkp_build_options {
	const char *const *patches; /* files, or quilt series */
	size_t nr_patches;
	const char *release, *sysroot;
	const char *source, *config, *symvers, *vmlinux, *headers, *modules;
	const char *name, *output, *work, *cc, *core;
	const char *const *fixes; /* what the patch fixes, CVE-... */
	size_t nr_fixes;
	const char *sign_hook, *sign_key, *sign_cert;
	const uint8_t *levels; /* for mkp_report.levels */
	const struct mkp_decision *decisions;
	size_t nr_decisions;
	unsigned int jobs;	  /* 0: not given */
	unsigned int max_objects; /* refused if there are more; a look goes on */
	bool standalone, allow_compiler, keep_lines;
	bool stacked; /* no atomic replace of earlier patches */
};

enum mkp_build_event_kind {
	MKP_EVENT_BEGIN,    /* a stage begins */
	MKP_EVENT_PROGRESS, /* done of total; text says of what */
	MKP_EVENT_END,	    /* a stage ends; text says what came of it, or NULL */
	MKP_EVENT_NOTE,	    /* one line worth knowing */
	MKP_EVENT_DETAIL,   /* lines of a tool, before an error */
};

struct mkp_build_event {
	enum mkp_build_event_kind kind;
	enum mkp_build_stage stage;
	size_t done, total;
	double seconds; /* of the stage so far */
	const char *text;
};

/** Who is told how it goes. */
struct mkp_build_sink {
	void (*event)(void *data, const struct mkp_build_event *event);
	void *data;
};

/** One object that was compared. */
struct mkp_build_object {
	const char *path;	   /* "fs/proc/cmdline.o" */
	const char *owner;	   /* module; NULL: vmlinux */
	const char *because;	   /* the patched file that it is made from */
	struct mkp_report *report; /* owned */
	size_t nr_proved;	   /* functions that are the code of the image */
};

enum mkp_build_status {
	MKP_BUILD_DONE,	     /* a module, in `output` */
	MKP_BUILD_REFUSED,   /* `refusals`, or findings in the objects' reports */
	MKP_BUILD_UNCHANGED, /* no object differs */
};

struct mkp_build_result {
	struct mkp_arena arena;
	enum mkp_build_status status;
	struct mkp_build_object *objects;
	size_t nr_objects;
	struct mkp_lines refusals; /* about the patch as a whole, one line each */
	const char *output, *module, *release;
};

void mkp_build_result_init(struct mkp_build_result *result);
void mkp_build_result_deinit(struct mkp_build_result *result);

/**
 * What a module says of a source patch that it was made from: its name without
 * directories, and the XXH3 hash of its content, as xxhsum(1) has it: "NAME xxh128:HASH".
 */
struct mkp_error *mkp_build_identify(const char *patch, struct mkp_arena *arena,
				     const char **ret_text) MKP_MUST_CHECK;

/** Runs all stages. An error is one of ours, of the inputs, or of a tool. */
struct mkp_error *mkp_build_run(const struct mkp_build_options *options,
				const struct mkp_build_sink *sink,
				struct mkp_build_result *result) MKP_MUST_CHECK;

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One pair of objects on the way to a module: select, check, bind to the kernel. Each
 * step is called once, in this order, and only if the one before it left something to do.
 * Commands go this way by patchset.h, with one object as with several.
 */
#ifndef MKP_EMIT_PATCH_H
#define MKP_EMIT_PATCH_H

#include "emit/bind.h"
#include "emit/rows.h"

/** All borrowed; NULL: not given. */
struct mkp_patch_options {
	const char *orig, *patched; /* paths of the objects */
	const char *object;	    /* module that they are part of; NULL: vmlinux */
	const char *correlate;	    /* file of rules */
	const char *release;
	const uint8_t *levels; /* for mkp_report.levels */
	const struct mkp_decision *decisions;
	size_t nr_decisions;
	const char *name;	  /* of the patch module, a valid one; for emit */
	const char *directory;	  /* to write; for emit */
	const char *const *fixes; /* what it fixes, "CVE-2026-1234"; for emit */
	size_t nr_fixes;
	const char *const *sources; /* source patches, "NAME xxh128:HASH"; for emit */
	size_t nr_sources;
	bool standalone;
	bool stacked; /* no atomic replace of earlier patches; for emit */
	bool explain; /* the report has the cause of each change */
	bool pairs;   /* and what was taken to be what */
};

/** One pair on its way. */
struct mkp_patch {
	const struct mkp_patch_options *options;
	struct mkp_object *orig, *patched;
	struct mkp_graph *orig_graph, *patched_graph;
	struct mkp_author author;
	struct mkp_overrides overrides;
	struct mkp_diff *diff;
	struct mkp_selection *selection;
	struct mkp_check_context context;
	struct mkp_explainer explainer; /* if it is wanted */
	struct mkp_match *match; /* of the original with the image; NULL: not possible */
	struct mkp_bindings *bindings;
	struct mkp_link *links; /* owned; [patched atoms], if there are other objects */
	struct mkp_report *report;
};

/** Both are borrowed and live longer; the report is initialised. */
void mkp_patch_init(struct mkp_patch *patch, const struct mkp_patch_options *options,
		    struct mkp_report *report);
void mkp_patch_deinit(struct mkp_patch *patch);

/** Gives back all but the report; the patch is as after mkp_patch_init(). */
void mkp_patch_close(struct mkp_patch *patch);

/** Reads both objects, compares them and decides what is carried. */
struct mkp_error *mkp_patch_select(struct mkp_patch *patch) MKP_MUST_CHECK;

/**
 * Runs the checks and fills the report. Its status is MKP_STATUS_UNCHANGED when there is
 * nothing to do, and MKP_STATUS_REFUSED otherwise, for as long as nothing is emitted.
 */
struct mkp_error *mkp_patch_check(struct mkp_patch *patch) MKP_MUST_CHECK;

/** Finds each symbol of the running kernel that the patch needs. */
struct mkp_error *mkp_patch_bind(struct mkp_patch *patch,
				 const struct mkp_target *target) MKP_MUST_CHECK;

/** Whether there is a finding of level error. */
bool mkp_patch_is_refused(const struct mkp_patch *patch);

#endif

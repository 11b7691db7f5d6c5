/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the stages of a build share.
 */
#ifndef MKP_BUILD_PRIVATE_H
#define MKP_BUILD_PRIVATE_H

#include <time.h>

#include "build/build.h"
#include "build/files.h"
#include "build/key.h"
#include "build/spawn.h"

/** Where everything comes from; of the build's arena. NULL: not there. */
struct mkp_build_inputs {
	const char *source;  /* a directory, or a tarball */
	const char *config;  /* file */
	const char *symvers; /* file */
	const char *vmlinux; /* file */
	const char *headers; /* directory; NULL: the prepared tree is used */
	const char *modules; /* directory with the shipped modules */
	const char *release;
	const char *core_symvers; /* file; NULL: the module needs no core module */
};

/** What a kernel configuration says about how it is built. */
struct mkp_build_config {
	const char *compiler_text; /* CONFIG_CC_VERSION_TEXT */
	const char *compiler;	   /* its first word */
	const char *arch;	   /* kbuild's ARCH */
	const char *version;	   /* "6.1.192" */
	const char *sign_hash;	   /* CONFIG_MODULE_SIG_HASH; NULL: none */
	const char *rustc;	   /* kbuild's RUSTC: none where there was none */
};

enum mkp_file_state {
	MKP_FILE_MODIFIED,
	MKP_FILE_NEW,
	MKP_FILE_DELETED,
};

/** A patch, and how many leading directories its paths have. */
struct mkp_series_patch {
	const char *path;
	unsigned int strip;
};

/** One file that differs once all patches are applied. */
struct mkp_patched_file {
	const char *path;
	enum mkp_file_state state;
	bool relined; /* it has #line that the patch does not have */
};

/** An object that may differ. */
struct mkp_affected {
	const char *object;  /* "fs/proc/cmdline.o" */
	const char *owner;   /* module; NULL: vmlinux */
	const char *because; /* path of the patched file */
	bool library;	     /* of a list of lib-y */
};

struct mkp_build {
	const struct mkp_build_options *options;
	const struct mkp_build_sink *sink;
	struct mkp_build_result *result;
	struct mkp_arena arena;
	struct mkp_signals *signals;
	struct mkp_build_inputs inputs;
	struct mkp_build_config config;
	const char *cc, *cross; /* for make */
	int lock;
	const char *work;		  /* absolute */
	const char *base;		  /* work/tree-KEY */
	const char *tree;		  /* base/source */
	const char *objects;		  /* base/objects: originals that were compiled */
	const char *include;		  /* base/include: <mkpatch/livepatch.h> */
	const char *run;		  /* base/run-KEY: of this patch */
	const char *fresh;		  /* run/new: the files as patched */
	const char *patched;		  /* run/patched: objects */
	const char *log;		  /* what the tools say at this time */
	struct mkp_series_patch *patches; /* owned */
	size_t nr_patches;
	const char **sources; /* what the module says of each; see build.h; owned */
	const char *reason;   /* why the last make failed, if it did */
	const char *failed;   /* the object that did not compile */
	const char *said;     /* what the compiler said of it; NULL: nothing */
	struct mkp_patched_file *files;
	size_t nr_files, cap_files;
	struct mkp_affected *affected;
	size_t nr_affected, cap_affected;
	struct mkp_includes *includes; /* owned; made when it is needed */
	enum mkp_build_stage stage;
	struct timespec stage_began;
	size_t nr_reused, nr_compiled; /* objects, in the compile stage */
	size_t nr_lines;	       /* that make has written */
	const char *verified;	       /* how much of what, as a text */
	bool tree_reused, other_compiler;
	bool looks_only; /* nothing is compiled: see outlook.h */
};

/* ---- build.c ---- */

/** Runs with signals held back, an arena, and what is in *@build; leaves nothing open. */
struct mkp_error *mkp_build_guard(struct mkp_build *build,
				  struct mkp_error *(*body)(struct mkp_build *build,
							    void *data),
				  void *data) MKP_MUST_CHECK;

/** Patches, inputs, configuration, compiler, work directory. */
struct mkp_error *mkp_build_look_at_inputs(struct mkp_build *build) MKP_MUST_CHECK;

void mkp_build_begin(struct mkp_build *build, enum mkp_build_stage stage);
struct mkp_error *mkp_build_end(struct mkp_build *build, const char *format, ...)
	MKP_PRINTF(2, 3) MKP_MUST_CHECK;

void mkp_build_event(struct mkp_build *build, enum mkp_build_event_kind kind, size_t done,
		     size_t total, const char *text);
struct mkp_error *mkp_build_note(struct mkp_build *build, const char *format, ...)
	MKP_PRINTF(2, 3) MKP_MUST_CHECK;
struct mkp_error *mkp_build_refuse(struct mkp_build *build, const char *format, ...)
	MKP_PRINTF(2, 3) MKP_MUST_CHECK;

/* ---- inputs.c, release.c, config.c ---- */

struct mkp_error *mkp_build_find_inputs(struct mkp_build *build) MKP_MUST_CHECK;
struct mkp_error *mkp_build_find_core(struct mkp_build *build) MKP_MUST_CHECK;
struct mkp_error *mkp_build_take_release(struct mkp_build *build) MKP_MUST_CHECK;
struct mkp_error *mkp_build_read_config(struct mkp_build *build) MKP_MUST_CHECK;
struct mkp_error *mkp_build_check_compiler(struct mkp_build *build) MKP_MUST_CHECK;

/* ---- tree.c, copy.c, make.c ---- */

/** Makes or finds the tree; takes the lock of the work directory. */
struct mkp_error *mkp_build_tree(struct mkp_build *build) MKP_MUST_CHECK;

/**
 * The same for a look: a prepared tree if there is one, else the source where it is, else
 * what a tarball has, unpacked once.
 */
struct mkp_error *mkp_build_source(struct mkp_build *build) MKP_MUST_CHECK;

/** What the files of a directory are now: names, sizes, times. */
struct mkp_error *mkp_source_key(const char *directory, const char *arch,
				 struct mkp_key *key) MKP_MUST_CHECK;
struct mkp_error *mkp_source_copy(struct mkp_build *build, const char *from,
				  const char *to) MKP_MUST_CHECK;

/** A call of kbuild. */
struct mkp_make {
	const char *directory;	    /* NULL: the tree */
	const char *cflags;	    /* KCFLAGS */
	const char *module;	    /* directory of an external module; NULL: none */
	const char *const *targets; /* and further variables */
	size_t nr_targets;
	bool keep_going;
	bool prepared;	/* all that objects are made from is there: only make those */
	bool preparing; /* what the compiler can may depend on what is only made now */
	struct mkp_error *(*line)(void *data, const char *line);
	void *data;
};

struct mkp_error *mkp_build_make(struct mkp_build *build, const struct mkp_make *make,
				 int *ret_status) MKP_MUST_CHECK;

/* ---- probes.c ---- */

/**
 * For make: a makefile (MAKEFILES) by which kbuild remembers what the compiler can, and
 * the directory for it to remember in (MKP_PROBES).
 */
struct mkp_error *mkp_probes_begin(struct mkp_build *build, const char **ret_makefile,
				   const char **ret_answers) MKP_MUST_CHECK;

/** KCFLAGS of the tree: a section for each function and each variable. */
const char *mkp_build_cflags(void);

/* ---- series.c, apply.c ---- */

/** What the command line names: patches, quilt series or directories that have one. */
struct mkp_error *mkp_series_expand(struct mkp_build *build,
				    struct mkp_series_patch **ret_patches,
				    size_t *ret_count) MKP_MUST_CHECK;

/** Fills build->sources. */
struct mkp_error *mkp_series_identify(struct mkp_build *build) MKP_MUST_CHECK;

/** Applies the patches to copies of what they touch, in run/new; fills build->files. */
struct mkp_error *mkp_build_apply(struct mkp_build *build) MKP_MUST_CHECK;

/* ---- lines.c ---- */

/** Gives the patched files their old line numbers; writes run/compiled.patch. */
struct mkp_error *mkp_build_reline(struct mkp_build *build) MKP_MUST_CHECK;

/** Puts the files into the tree as the patch leaves them, without #line. */
struct mkp_error *mkp_build_put_plain(struct mkp_build *build) MKP_MUST_CHECK;

/* ---- affected.c ---- */

struct mkp_error *mkp_build_affected(struct mkp_build *build) MKP_MUST_CHECK;

/* ---- compile.c, journal.c ---- */

struct mkp_error *mkp_build_compile(struct mkp_build *build) MKP_MUST_CHECK;

/** Puts patched files into the tree, or back what was there before. */
struct mkp_error *mkp_journal_begin(struct mkp_build *build) MKP_MUST_CHECK;
struct mkp_error *mkp_journal_undo(struct mkp_build *build) MKP_MUST_CHECK;

/* ---- module.c, module_file.c ---- */

/** Path of the shipped file of a module. */
struct mkp_error *mkp_build_find_module(struct mkp_build *build, const char *name,
					const char **ret_path) MKP_MUST_CHECK;

/** Diff, preflight, emit, module, verify. */
struct mkp_error *mkp_build_module(struct mkp_build *build) MKP_MUST_CHECK;

/* ---- output.c ---- */

/** Writes the output from the emitted directory @from, with the module @name in it. */
struct mkp_error *mkp_build_output(struct mkp_build *build, const char *from,
				   const char *name) MKP_MUST_CHECK;

#endif

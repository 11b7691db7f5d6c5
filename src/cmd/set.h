/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the verbs share that look at several finished modules.
 */
#ifndef MKP_CMD_SET_H
#define MKP_CMD_SET_H

#include <json-c/json.h>

#include "cmd/cmd.h"
#include "set/set.h"

struct mkp_set_modules {
	struct mkp_facts **modules; /* owned */
	size_t count, capacity;
};

/** Opens one more. */
struct mkp_error *mkp_set_modules_add(struct mkp_set_modules *modules,
				      const char *path) MKP_MUST_CHECK;
void mkp_set_modules_deinit(struct mkp_set_modules *modules);

/**
 * A verb that takes modules and --json alone: opens them, lets @judge fill the report and
 * print it. @least and @most modules are taken.
 */
struct mkp_set_command {
	const char *usage;
	size_t least, most;
	struct mkp_error *(*judge)(struct mkp_set_report *report,
				   const struct mkp_set_modules *modules);
	struct mkp_error *(*print)(const struct mkp_set_report *report,
				   const struct mkp_set_modules *modules, bool json);
	int (*exit_code)(const struct mkp_set_report *report);
};

int mkp_set_run(int argc, char **argv, const struct mkp_set_command *command);

/** 2 if there is a danger, else 0. */
int mkp_set_exit_code(const struct mkp_set_report *report);

/* ---- set_show.c ---- */

/** "vmlinux foo,2", "state 0x1", "fix CVE-2026-1": on standard output, escaped. */
void mkp_set_print_fact(const struct mkp_fact *fact);

/** The findings, one or two lines each. */
void mkp_set_print_findings(const struct mkp_set_report *report);

/** A new object with `schema`, `status` and `findings`. */
struct mkp_error *mkp_set_json_create(const char *schema,
				      const struct mkp_set_report *report,
				      struct json_object **ret_root) MKP_MUST_CHECK;

/** Adds the modules as an array called @key. */
struct mkp_error *mkp_set_json_modules(struct json_object *root, const char *key,
				       const struct mkp_set_modules *modules)
	MKP_MUST_CHECK;

/** Adds the members of a fact, of which @fact says what it is, to an object. */
struct mkp_error *mkp_set_json_fact(struct json_object *object,
				    const struct mkp_fact *fact) MKP_MUST_CHECK;

/** Prints it and lets it go; passes @error on. */
struct mkp_error *mkp_set_json_finish(struct json_object *root,
				      struct mkp_error *error) MKP_MUST_CHECK;

#endif

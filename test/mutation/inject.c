// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Injects changes into real objects and looks whether mkpatch sees them.
 *
 *   inject MKPATCH SCRATCH SAMPLES OBJECT.o...
 *
 * Each object is compared with copies of itself that differ in one respect each (mutant.c
 * lists the kinds). mkpatch must write a patch or refuse, not call it unchanged, and name
 * the function or variable at hand: as changed, as included, or in a finding. Mutants of
 * neutral kinds must be called unchanged. Up to SAMPLES of a kind are made in an object,
 * at places that are the same on every run.
 *
 * One line for each kind: `ok mutation/KIND: N seen in M objects`.
 */
#include <errno.h>
#include <fcntl.h>
#include <json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mutant.h"

#define NR_WORKERS 2
#define MAX_KINDS  64
#define TIME_LIMIT 60

enum {
	STATUS_WRITTEN = 0,
	STATUS_REFUSED = 2,
	STATUS_UNCHANGED = 3,
};

struct result {
	unsigned int nr_applied, nr_missed;
	unsigned int nr_written; /* a patch; the others were refused */
	uint64_t objects;	 /* a bit for each that had a place for the kind */
	char first[256];	 /* of those that were missed */
};

struct run {
	const char *mkpatch;
	unsigned int worker, samples, counter;
	struct result *results; /* [MAX_KINDS], shared, this worker's */
};

static void write_mutant(const struct object *object, const struct mutant *mutant)
{
	FILE *stream = fopen("mutant.o", "wb");
	uint8_t *bytes = allocate(object->size, 1);

	memcpy(bytes, object->bytes, object->size);
	for (unsigned int i = 0; i < mutant->nr_edits; i++)
		memcpy(bytes + mutant->edits[i].at, mutant->edits[i].bytes,
		       mutant->edits[i].size);
	if (!stream || fwrite(bytes, 1, object->size, stream) != object->size ||
	    fclose(stream))
		die("mutant.o");
	free(bytes);
}

/* Its exit code; 128 and more: how it died. */
static int run_mkpatch(const struct run *run, const struct object *object)
{
	pid_t child = fork();
	int status, log;

	if (child < 0)
		die("fork");
	if (!child) {
		log = open("log", O_WRONLY | O_CREAT | O_TRUNC, 0600);
		if (log < 0 || dup2(log, STDOUT_FILENO) < 0 ||
		    dup2(log, STDERR_FILENO) < 0)
			die("log");
		alarm(TIME_LIMIT);
		execl(run->mkpatch, run->mkpatch, "diff", "-n", "mutant", "-o", "out",
		      "--json=report", object->path, "mutant.o", NULL);
		die(run->mkpatch);
	}
	if (waitpid(child, &status, 0) < 0)
		die("waitpid");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* ---- What the report names
 * ------------------------------------------------------------------- */

/* Whether a list of the report has a row whose @member is @name. */
static bool list_names(const struct json_object *report, const char *list,
		       const char *member, const char *name)
{
	struct json_object *rows, *value;

	if (!json_object_object_get_ex(report, list, &rows))
		return false;
	for (size_t i = 0; i < json_object_array_length(rows); i++) {
		struct json_object *row = json_object_array_get_idx(rows, i);

		if (json_object_object_get_ex(row, member, &value) &&
		    json_object_is_type(value, json_type_string) &&
		    !strcmp(json_object_get_string(value), name))
			return true;
	}
	return false;
}

static bool report_names(const struct json_object *report, const char *name)
{
	return list_names(report, "functions", "name", name) ||
	       list_names(report, "included", "name", name) ||
	       list_names(report, "findings", "symbol", name);
}

/* A part that was split off: with its function, which is replaced as a whole. In a patch
 * that was written, both are there. */
static bool names_part(const struct json_object *report, const char *name, size_t length,
		       bool written)
{
	char *parent = strndup(name, length);
	bool named = parent && list_names(report, "functions", "name", parent) &&
		     (!written || (list_names(report, "included", "name", parent) &&
				   list_names(report, "included", "name", name)));

	free(parent);
	return named;
}

/* A symbol by any of its names. */
static bool names_symbol(const struct json_object *report, const struct object *object,
			 uint32_t symbol, bool written)
{
	const Elf64_Sym *it = &object->symbols[symbol];
	const char *name = symbol_name(object, symbol), *cold = strstr(name, ".cold");
	bool named = report_names(report, name);

	if (cold)
		return names_part(report, name, (size_t)(cold - name), written);
	for (uint32_t i = 1; i < object->nr_symbols && !named; i++)
		named = object->symbols[i].st_shndx == it->st_shndx &&
			object->symbols[i].st_value == it->st_value &&
			object->symbols[i].st_size == it->st_size &&
			report_names(report, symbol_name(object, i));
	return named;
}

/* A function or variable that refers to the data that changed. */
static bool names_referrer(const struct json_object *report, const struct object *object,
			   const struct mutant *mutant, bool written)
{
	for (size_t i = 0; mutant->data && i < object->nr_relocs; i++) {
		const struct reloc *reloc = &object->relocs[i];
		struct place to = reloc_target(object, reloc);
		uint32_t user;

		if (to.section != mutant->data || to.offset < mutant->from ||
		    to.offset >= mutant->to)
			continue;
		user = symbol_around(object, reloc->section, reloc->offset);
		if (user && names_symbol(report, object, user, written))
			return true;
	}
	return false;
}

static bool names_all(const struct object *object, const struct mutant *mutant,
		      bool written)
{
	struct json_object *report = json_object_from_file("report");
	bool named = report &&
		     (names_symbol(report, object, mutant->who[0], written) ||
		      names_referrer(report, object, mutant, written)) &&
		     (!mutant->who[1] ||
		      names_symbol(report, object, mutant->who[1], written));

	json_object_put(report);
	return named;
}

/* ---- One after the other
 * --------------------------------------------------------------------- */

static void note_miss(struct result *result, const struct object *object,
		      const struct mutant *mutant, int code)
{
	const char *file = strrchr(object->path, '/');

	if (!result->nr_missed++)
		snprintf(result->first, sizeof(result->first), "%s %s+0x%llx (%s): %s %d",
			 file ? file + 1 : object->path,
			 section_name(object, mutant->section),
			 (unsigned long long)mutant->offset,
			 symbol_name(object, mutant->who[0]),
			 code == STATUS_WRITTEN || code == STATUS_REFUSED
				 ? "not named, status"
				 : "status",
			 code);
}

static void try_mutant(struct run *run, const struct object *object, size_t kind,
		       const struct mutant *mutant)
{
	struct result *result = &run->results[kind];
	bool seen;
	int code;

	if (run->counter++ % NR_WORKERS != run->worker)
		return;
	result->nr_applied++;
	unlink("report");
	write_mutant(object, mutant);
	code = run_mkpatch(run, object);
	if (kinds[kind].neutral)
		seen = code == STATUS_UNCHANGED;
	else
		seen = (code == STATUS_WRITTEN || code == STATUS_REFUSED) &&
		       names_all(object, mutant, code == STATUS_WRITTEN);
	result->nr_written += code == STATUS_WRITTEN;
	if (!seen)
		note_miss(result, object, mutant, code);
}

/* Random ones of all that can be made. */
static void try_kind(struct run *run, const struct object *object, unsigned int number,
		     size_t kind)
{
	struct mutants mutants = { 0 };

	kinds[kind].collect(object, &mutants);
	for (size_t i = 0; i < run->samples && i < mutants.count; i++) {
		size_t other = i + random_number(number * 4096 + i) % (mutants.count - i);
		struct mutant chosen = mutants.list[other];

		mutants.list[other] = mutants.list[i];
		mutants.list[i] = chosen;
		run->results[kind].objects |= UINT64_C(1) << number;
		try_mutant(run, object, kind, &chosen);
	}
	free(mutants.list);
}

static void work(struct run *run, const char *scratch, char **paths, unsigned int count)
{
	struct object object;
	char directory[32];

	snprintf(directory, sizeof(directory), "worker-%u", run->worker);
	if (chdir(scratch) || (mkdir(directory, 0700) && errno != EEXIST) ||
	    chdir(directory))
		die(scratch);
	for (unsigned int i = 0; i < count; i++) {
		object_read(&object, paths[i]);
		for (size_t kind = 0; kind < nr_kinds; kind++)
			try_kind(run, &object, i, kind);
		object_free(&object);
	}
}

static bool print_kind(size_t kind, const struct result *shared)
{
	unsigned int applied = 0, missed = 0, written = 0;
	const char *first = "", *neutral = kinds[kind].neutral ? "unchanged" : "seen";
	uint64_t objects = 0;

	for (unsigned int i = 0; i < NR_WORKERS; i++) {
		const struct result *result = &shared[i * MAX_KINDS + kind];

		applied += result->nr_applied;
		missed += result->nr_missed;
		written += result->nr_written;
		objects |= result->objects;
		if (result->nr_missed && !*first)
			first = result->first;
	}
	if (applied && !missed) {
		printf("ok mutation/%s: %u of %u %s in %d objects, %u as a patch\n",
		       kinds[kind].name, applied, applied, neutral,
		       __builtin_popcountll(objects), written);
		return true;
	}
	if (!applied)
		first = "no object has a place for it";
	printf("not ok mutation/%s: %u of %u %s, others such as %s\n", kinds[kind].name,
	       applied - missed, applied, neutral, first);
	return false;
}

static bool run_workers(struct run *run, const char *scratch, char **paths,
			unsigned int count, struct result *shared)
{
	pid_t workers[NR_WORKERS];
	bool good = true;
	int status;

	fflush(NULL);
	for (run->worker = 0; run->worker < NR_WORKERS; run->worker++) {
		run->results = shared + run->worker * MAX_KINDS;
		workers[run->worker] = fork();
		if (workers[run->worker] < 0)
			die("fork");
		if (!workers[run->worker]) {
			work(run, scratch, paths, count);
			_exit(EXIT_SUCCESS);
		}
	}
	for (unsigned int i = 0; i < NR_WORKERS; i++)
		if (waitpid(workers[i], &status, 0) < 0 || status)
			good = false;
	if (!good)
		printf("not ok mutation/workers: one did not come to its end\n");
	return good;
}

int main(int argc, char **argv)
{
	unsigned int applied = 0, missed = 0;
	struct result *shared;
	struct run run;
	bool good;

	if (argc < 5 || argc - 4 > 64 || nr_kinds > MAX_KINDS) {
		fprintf(stderr, "usage: inject MKPATCH SCRATCH SAMPLES OBJECT.o...\n");
		return EXIT_FAILURE;
	}
	shared = mmap(NULL, sizeof(*shared) * NR_WORKERS * MAX_KINDS,
		      PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		die("mmap");
	run = (struct run){ .mkpatch = argv[1],
			    .samples = (unsigned int)strtoul(argv[3], NULL, 10) };
	good = run_workers(&run, argv[2], argv + 4, (unsigned int)argc - 4, shared);
	for (size_t kind = 0; kind < nr_kinds; kind++)
		good = print_kind(kind, shared) && good;
	for (size_t i = 0; i < NR_WORKERS * MAX_KINDS; i++) {
		applied += shared[i].nr_applied;
		missed += shared[i].nr_missed;
	}
	printf("%u mutants of %zu kinds in %d objects, %u taken for something else\n",
	       applied, nr_kinds, argc - 4, missed);
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

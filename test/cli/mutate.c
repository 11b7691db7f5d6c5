// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Gives mkpatch objects that are wrong in one place, thousands of them, and looks at how
 * it ends. Linked with all of mkpatch, whose main() is mkpatch_main() here and is called
 * again and again: starting a program with sanitizers takes longer than all that it does.
 *
 *   mutate ORIG.o PATCHED.o SCRATCH
 *
 * Each object in turn is cut at every 1/64 of its length, each field of its header, of
 * each section header, of some symbols and of some relocations is set to 0, to -1 and to
 * other numbers, and some bytes are set at random. In each case mkpatch must end with 0,
 * 1, 2 or 3 within a few seconds and without a word from a sanitizer; with 1, it must
 * have said why in one line; and what can be no object must give 1. At the end nothing
 * must have leaked.
 *
 * Each worker takes its share of the mutants. One that dies has found something: another
 * goes on behind the mutant where that happened.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

int mkpatch_main(int argc, char **argv);
const char *__asan_default_options(void);
const char *__ubsan_default_options(void);

#define TRUNCATIONS    64
#define SAMPLES	       24 /* symbols, and relocations */
#define RANDOM_BYTES   256
#define TIME_LIMIT     5 /* seconds */
#define NR_WORKERS     2
#define EXIT_SANITIZER 99
#define MAX_DEATHS     8 /* of workers; then they are not replaced any more */

/* Distinct from all exit codes of mkpatch; and no input justifies so much memory. */
#define OPTIONS "exitcode=99:max_allocation_size_mb=64:quarantine_size_mb=8"

const char *__asan_default_options(void)
{
	return OPTIONS;
}

const char *__ubsan_default_options(void)
{
	return OPTIONS;
}

enum group {
	GROUP_TRUNCATION,
	GROUP_HEADER,
	GROUP_SECTION,
	GROUP_SYMBOL,
	GROUP_RELOCATION,
	GROUP_BYTE,
	NR_GROUPS,
};

static const char *const group_names[NR_GROUPS] = {
	"truncated", "file header", "section headers", "symbols", "relocations", "bytes",
};

/* What came of the mutants of one kind. */
struct result {
	unsigned int nr_inputs;
	unsigned int nr_failures;
	char first[512]; /* the first failure */
};

/* What a worker tells the process that started it: in memory that they share. */
struct shared {
	struct result results[2][NR_GROUPS]; /* by the object that is mutated */
	struct result *result;		     /* of the current mutant */
	unsigned int current;
	char description[128];
	bool done;
};

/* One place that is wrong. */
struct mutant {
	enum group group;
	const char *place;   /* the field */
	unsigned int number; /* of the section, symbol, ... */
	size_t at, width;
	uint64_t value;
	size_t size; /* of the file */
	bool must_fail;
};

struct input {
	const char *path;
	uint8_t *bytes;
	size_t size;
};

struct run {
	struct input inputs[2]; /* ORIG.o and PATCHED.o */
	int which;		/* of them is mutated */
	const char *scratch;
	unsigned int worker;
	unsigned int counter; /* of all mutants, equal in all workers */
	unsigned int start;   /* the first one to try */
	struct shared *shared;
};

struct field {
	const char *name;
	size_t at, width;
	bool vital; /* neither 0 nor -1 can be right */
};

#define FIELD(type, field, vital)                                                        \
	{                                                                                \
#field, offsetof(type, field), sizeof(((type *)NULL)->field), vital      \
	}

static const struct field header_fields[] = {
	{ "EI_MAG0", EI_MAG0, 1, true },       { "EI_MAG3", EI_MAG3, 1, true },
	{ "EI_CLASS", EI_CLASS, 1, true },     { "EI_DATA", EI_DATA, 1, true },
	{ "EI_VERSION", EI_VERSION, 1, true }, { "EI_OSABI", EI_OSABI, 1, false },
	FIELD(Elf64_Ehdr, e_type, true),       FIELD(Elf64_Ehdr, e_machine, true),
	FIELD(Elf64_Ehdr, e_version, true),    FIELD(Elf64_Ehdr, e_entry, false),
	FIELD(Elf64_Ehdr, e_phoff, false),     FIELD(Elf64_Ehdr, e_shoff, true),
	FIELD(Elf64_Ehdr, e_flags, false),     FIELD(Elf64_Ehdr, e_ehsize, true),
	FIELD(Elf64_Ehdr, e_phentsize, false), FIELD(Elf64_Ehdr, e_phnum, false),
	FIELD(Elf64_Ehdr, e_shentsize, true),  FIELD(Elf64_Ehdr, e_shnum, true),
	FIELD(Elf64_Ehdr, e_shstrndx, true),
};

static const struct field section_fields[] = {
	FIELD(Elf64_Shdr, sh_name, false),	FIELD(Elf64_Shdr, sh_type, false),
	FIELD(Elf64_Shdr, sh_flags, false),	FIELD(Elf64_Shdr, sh_addr, false),
	FIELD(Elf64_Shdr, sh_offset, false),	FIELD(Elf64_Shdr, sh_size, false),
	FIELD(Elf64_Shdr, sh_link, false),	FIELD(Elf64_Shdr, sh_info, false),
	FIELD(Elf64_Shdr, sh_addralign, false), FIELD(Elf64_Shdr, sh_entsize, false),
};

static const struct field symbol_fields[] = {
	FIELD(Elf64_Sym, st_name, false),  FIELD(Elf64_Sym, st_info, false),
	FIELD(Elf64_Sym, st_other, false), FIELD(Elf64_Sym, st_shndx, false),
	FIELD(Elf64_Sym, st_value, false), FIELD(Elf64_Sym, st_size, false),
};

static const struct field rela_fields[] = {
	FIELD(Elf64_Rela, r_offset, false),
	{ "r_type", offsetof(Elf64_Rela, r_info), 4, false },
	{ "r_sym", offsetof(Elf64_Rela, r_info) + 4, 4, false },
	FIELD(Elf64_Rela, r_addend, false),
};

static void die(const char *what)
{
	fprintf(stderr, "mutate: %s: %s\n", what, strerror(errno));
	exit(EXIT_FAILURE);
}

static void read_input(struct input *input, const char *path)
{
	FILE *stream = fopen(path, "rb");
	long size;

	if (!stream || fseek(stream, 0, SEEK_END) || (size = ftell(stream)) <= 0)
		die(path);
	rewind(stream);
	input->path = path;
	input->size = (size_t)size;
	input->bytes = malloc(input->size);
	if (!input->bytes || fread(input->bytes, 1, input->size, stream) != input->size)
		die(path);
	fclose(stream);
}

/* splitmix64: the same numbers on every run, and for a mutant whatever came before. */
static uint64_t random_number(uint64_t seed)
{
	seed = (seed + 1) * UINT64_C(0x9e3779b97f4a7c15);
	seed = (seed ^ seed >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	seed = (seed ^ seed >> 27) * UINT64_C(0x94d049bb133111eb);
	return seed ^ seed >> 31;
}

static void write_mutant(const struct run *run, const struct mutant *mutant)
{
	const struct input *input = &run->inputs[run->which];
	uint8_t *bytes = malloc(input->size);
	FILE *stream = fopen("broken.o", "wb");

	if (!bytes || !stream)
		die("broken.o");
	memcpy(bytes, input->bytes, input->size);
	/* Objects here are little-endian, and so are we. */
	memcpy(bytes + mutant->at, &mutant->value, mutant->width);
	if (fwrite(bytes, 1, mutant->size, stream) != mutant->size || fclose(stream))
		die("broken.o");
	free(bytes);
}

/* Standard output or error goes to a file, from the beginning each time. */
static void redirect(int fd, const char *path)
{
	int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);

	if (file < 0 || dup2(file, fd) < 0)
		die(path);
	close(file);
}

/* Its exit code. */
static int run_mkpatch(const struct run *run)
{
	char broken[] = "broken.o", verb[] = "diff", name[] = "-n", fix[] = "fix";
	char program[] = "mkpatch";
	char *good = (char *)(uintptr_t)run->inputs[!run->which].path;
	char *argv[] = { program,
			 verb,
			 run->which ? good : broken,
			 run->which ? broken : good,
			 name,
			 fix,
			 NULL };
	int code;

	redirect(STDOUT_FILENO, "out");
	redirect(STDERR_FILENO, "err");
	alarm(TIME_LIMIT);
	code = mkpatch_main(6, argv);
	alarm(0);
	fflush(NULL);
	return code;
}

/* Lines of a file; the first one of at most @size bytes in @first. */
static unsigned int count_lines(const char *path, char *first, size_t size)
{
	FILE *stream = fopen(path, "r");
	unsigned int lines = 0;
	size_t used = 0;
	int c;

	if (!stream)
		die(path);
	while ((c = getc(stream)) != EOF) {
		if (!lines && c != '\n' && used + 1 < size)
			first[used++] = (char)c;
		lines += c == '\n';
	}
	first[used] = '\0';
	fclose(stream);
	return lines;
}

/* What is wrong with how mkpatch ended, NULL if nothing. */
static const char *find_fault(int code, unsigned int nr_lines, const char *first,
			      bool must_fail)
{
	if (code < 0 || code > 3)
		return "unexpected exit code";
	if (code == 1 && nr_lines != 1)
		return "exit code 1 without exactly one line of text";
	if (code == 1 && strncmp(first, "mkpatch: ", 9))
		return "exit code 1 without a message of mkpatch";
	if (code != 1 && must_fail)
		return "accepted";
	return NULL;
}

static void note_failure(struct shared *shared, const char *fault, const char *text)
{
	struct result *result = shared->result;

	if (!result->nr_failures++)
		snprintf(result->first, sizeof(result->first), "%s: %s: %s",
			 shared->description, fault, text);
}

static void try_mutant(struct run *run, const struct mutant *mutant)
{
	struct shared *shared = run->shared;
	unsigned int number = run->counter++, nr_lines;
	const char *fault;
	char first[256];
	int code;

	if (number % NR_WORKERS != run->worker || number < run->start)
		return;
	shared->current = number;
	shared->result = &shared->results[run->which][mutant->group];
	shared->result->nr_inputs++;
	snprintf(shared->description, sizeof(shared->description),
		 "%s of %u = 0x%llx, size %zu", mutant->place, mutant->number,
		 (unsigned long long)mutant->value, mutant->size);
	write_mutant(run, mutant);
	code = run_mkpatch(run);
	nr_lines = count_lines("err", first, sizeof(first));
	fault = find_fault(code, nr_lines, first, mutant->must_fail);
	if (fault)
		note_failure(shared, fault, first);
}

/* Sets a field to 0, -1 and something else. */
static void try_field(struct run *run, enum group group, const struct field *field,
		      unsigned int number, size_t base)
{
	const struct input *input = &run->inputs[run->which];
	struct mutant mutant = {
		.group = group,
		.place = field->name,
		.number = number,
		.at = base + field->at,
		.width = field->width,
		.size = input->size,
		.must_fail = field->vital,
	};

	mutant.value = 0;
	if (memcmp(input->bytes + mutant.at, &mutant.value, mutant.width))
		try_mutant(run, &mutant);
	mutant.value = UINT64_MAX;
	try_mutant(run, &mutant);
	mutant.value = random_number(run->counter);
	mutant.must_fail = false;
	try_mutant(run, &mutant);
	/* A small one as well: indices and offsets that are nearly right. */
	mutant.value %= 64;
	try_mutant(run, &mutant);
}

static void try_fields(struct run *run, enum group group, const struct field *fields,
		       size_t count, unsigned int number, size_t base)
{
	for (size_t i = 0; i < count; i++)
		try_field(run, group, &fields[i], number, base);
}

#define TRY_FIELDS(run, group, fields, number, base)                                     \
	try_fields(run, group, fields, sizeof(fields) / sizeof((fields)[0]), number, base)

static void try_truncations(struct run *run)
{
	struct mutant mutant = { .group = GROUP_TRUNCATION,
				 .place = "1/64",
				 .must_fail = true };

	for (unsigned int i = 0; i < TRUNCATIONS; i++) {
		mutant.number = i;
		mutant.size = run->inputs[run->which].size * i / TRUNCATIONS;
		try_mutant(run, &mutant);
	}
}

/* Some elements of a table, evenly spread over it. */
static void try_table(struct run *run, enum group group, const Elf64_Shdr *section)
{
	size_t count = section->sh_size / section->sh_entsize;
	size_t samples = count < SAMPLES ? count : SAMPLES;

	for (size_t i = 0; i < samples; i++) {
		size_t number = i * count / samples;
		size_t base = section->sh_offset + number * section->sh_entsize;

		if (group == GROUP_SYMBOL)
			TRY_FIELDS(run, group, symbol_fields, (unsigned int)number, base);
		else
			TRY_FIELDS(run, group, rela_fields, (unsigned int)number, base);
	}
}

static void try_sections(struct run *run)
{
	const struct input *input = &run->inputs[run->which];
	Elf64_Ehdr header;
	Elf64_Shdr section, target;

	memcpy(&header, input->bytes, sizeof(header));
	for (unsigned int i = 0; i < header.e_shnum; i++) {
		size_t at = header.e_shoff + i * sizeof(section);

		memcpy(&section, input->bytes + at, sizeof(section));
		TRY_FIELDS(run, GROUP_SECTION, section_fields, i, at);
		if (section.sh_type == SHT_SYMTAB)
			try_table(run, GROUP_SYMBOL, &section);
		if (section.sh_type != SHT_RELA)
			continue;
		memcpy(&target,
		       input->bytes + header.e_shoff + section.sh_info * sizeof(target),
		       sizeof(target));
		if (target.sh_flags & SHF_ALLOC)
			try_table(run, GROUP_RELOCATION, &section);
	}
}

static void try_bytes(struct run *run)
{
	struct mutant mutant = { .group = GROUP_BYTE,
				 .place = "byte",
				 .width = 1,
				 .size = run->inputs[run->which].size };

	for (unsigned int i = 0; i < RANDOM_BYTES; i++) {
		mutant.at = random_number(run->counter) % mutant.size;
		mutant.value = random_number(run->counter + UINT32_MAX) & 0xff;
		mutant.number = (unsigned int)mutant.at;
		try_mutant(run, &mutant);
	}
}

/* Goes on until the end, or dies; exit() looks for leaks. */
static void work(struct run *run)
{
	for (run->which = 0; run->which < 2; run->which++) {
		try_truncations(run);
		TRY_FIELDS(run, GROUP_HEADER, header_fields, 0, 0);
		try_sections(run);
		try_bytes(run);
	}
	run->shared->done = true;
	exit(EXIT_SUCCESS);
}

static pid_t start_worker(struct run *run)
{
	char directory[32];
	pid_t worker;

	fflush(NULL);
	worker = fork();
	if (worker < 0)
		die("fork");
	if (worker)
		return worker;
	snprintf(directory, sizeof(directory), "worker-%u", run->worker);
	if (chdir(run->scratch) || (mkdir(directory, 0700) && errno != EEXIST) ||
	    chdir(directory))
		die(run->scratch);
	work(run);
	return 0;
}

static const char *describe_death(int status)
{
	if (WIFSIGNALED(status))
		return WTERMSIG(status) == SIGALRM ? "does not end"
						   : "killed by a signal";
	return WEXITSTATUS(status) == EXIT_SANITIZER ? "sanitizer" : "calls exit()";
}

/* The line of a sanitizer's report that says what it is about. */
static void read_report(const struct run *run, char *text, size_t size)
{
	char *path, line[256];
	FILE *stream;

	*text = '\0';
	if (asprintf(&path, "%s/worker-%u/err", run->scratch, run->worker) < 0)
		die("asprintf");
	stream = fopen(path, "r");
	free(path);
	while (stream && fgets(line, sizeof(line), stream)) {
		line[strcspn(line, "\n")] = '\0';
		if (!strstr(line, "ERROR") && !strstr(line, "runtime error"))
			continue;
		snprintf(text, size, "%.*s", (int)size - 1, line);
		break;
	}
	if (stream)
		fclose(stream);
}

/* Whether the worker that died has to be replaced. */
static bool bury(struct run *run, int status, unsigned int nr_deaths)
{
	struct shared *shared = run->shared;
	char text[256];

	if (!status && shared->done)
		return false;
	read_report(run, text, sizeof(text));
	if (shared->done) {
		printf("not ok malformed/leaks: %s\n", text);
		return false;
	}
	if (!shared->result) {
		printf("not ok malformed/worker: it did not begin\n");
		return false;
	}
	note_failure(shared, describe_death(status), text);
	run->start = shared->current + 1;
	return nr_deaths < MAX_DEATHS;
}

/* One line for what all workers have found; whether that is good. */
static bool print_group(const struct shared *shared, int which, int group)
{
	unsigned int inputs = 0, failures = 0;
	const char *object = which ? "patched" : "original", *first = "";

	for (unsigned int i = 0; i < NR_WORKERS; i++) {
		const struct result *result = &shared[i].results[which][group];

		inputs += result->nr_inputs;
		failures += result->nr_failures;
		if (result->nr_failures && !*first)
			first = result->first;
	}
	if (inputs && !failures) {
		printf("ok malformed/%s: %s (%u inputs)\n", object, group_names[group],
		       inputs);
		return true;
	}
	if (!inputs)
		first = "none: too many workers had died";
	printf("not ok malformed/%s: %s: %u of %u inputs, such as %s\n", object,
	       group_names[group], failures, inputs, first);
	return false;
}

/* Whether all workers came to their end. */
static bool run_workers(struct run *runs)
{
	unsigned int nr_running = NR_WORKERS, nr_deaths = 0, i;
	pid_t workers[NR_WORKERS], worker;
	bool good = true;
	int status;

	for (i = 0; i < NR_WORKERS; i++)
		workers[i] = start_worker(&runs[i]);
	while (nr_running) {
		worker = wait(&status);
		for (i = 0; i < NR_WORKERS && workers[i] != worker; i++)
			;
		if (i == NR_WORKERS)
			die("wait");
		good = good && !status;
		if (bury(&runs[i], status, ++nr_deaths))
			workers[i] = start_worker(&runs[i]);
		else
			nr_running--;
	}
	return good;
}

int main(int argc, char **argv)
{
	struct run runs[NR_WORKERS] = { 0 };
	struct shared *shared;
	bool good;

	if (argc != 4) {
		fprintf(stderr, "usage: mutate ORIG.o PATCHED.o SCRATCH\n");
		return EXIT_FAILURE;
	}
	shared = mmap(NULL, sizeof(*shared) * NR_WORKERS, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		die("mmap");
	for (unsigned int i = 0; i < NR_WORKERS; i++) {
		read_input(&runs[i].inputs[0], argv[1]);
		read_input(&runs[i].inputs[1], argv[2]);
		runs[i].scratch = argv[3];
		runs[i].worker = i;
		runs[i].shared = &shared[i];
	}
	good = run_workers(runs);
	if (good)
		printf("ok malformed/leaks: none\n");
	for (int which = 0; which < 2; which++)
		for (int group = 0; group < NR_GROUPS; group++)
			good = print_group(shared, which, group) && good;
	for (unsigned int i = 0; i < NR_WORKERS; i++)
		for (int which = 0; which < 2; which++)
			free(runs[i].inputs[which].bytes);
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

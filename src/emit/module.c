// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The source of the patch module. It holds no code that was patched, that is in the
 * payload; it says which function of the running kernel gives way to which symbol of the
 * payload. So it is also what a person reads to know what a patch does: hence the comment
 * at its top, which repeats the tables with sizes, places and reasons.
 */
#include "emit/module.h"

#include <errno.h>
#include <inttypes.h>

#include "emit/c_text.h"
#include "emit/module_private.h"

struct mkp_error *mkp_module_finish(FILE *stream)
{
	if (fflush(stream) || ferror(stream))
		return mkp_error_create_errno(errno, "cannot write the module's source");
	return NULL;
}

/* '-' in a module's file name is '_' in its name: scripts/Makefile.lib, name-fix. */
static void write_kernel_name(const char *name, FILE *stream)
{
	for (; *name; name++)
		fputc(*name == '-' ? '_' : *name, stream);
}

void mkp_module_write_tag(const struct mkp_module_object *object, FILE *stream)
{
	write_kernel_name(object->name ? object->name : "vmlinux", stream);
}

void mkp_module_write_object_name(const struct mkp_module_object *object, FILE *stream)
{
	if (!object->name) {
		fputs("NULL", stream);
		return;
	}
	fputc('"', stream);
	write_kernel_name(object->name, stream);
	fputc('"', stream);
}

/* " *   NAME (file:line), 32 -> 48 bytes", then the reason on a line of its own. */
static struct mkp_error *write_function_comment(
	const struct mkp_module_function *function, FILE *stream)
{
	struct mkp_error *error;

	fputs(" *   ", stream);
	error = mkp_c_write_comment(stream, function->old_name);
	if (!error && function->source) {
		fputs(" (", stream);
		error = mkp_c_write_comment(stream, function->source);
		fputc(')', stream);
	}
	fprintf(stream, ", %" PRIu64 " -> %" PRIu64 " bytes", function->old_size,
		function->new_size);
	if (function->position)
		fprintf(stream, ", number %" PRIu64 " of this name", function->position);
	if (!error && function->reason) {
		fputs("\n *       ", stream);
		error = mkp_c_write_comment(stream, function->reason);
	}
	fputc('\n', stream);
	return error;
}

static struct mkp_error *write_object_comment(const struct mkp_module_object *object,
					      FILE *stream)
{
	struct mkp_error *error = NULL;
	size_t i;

	if (!object->nr_functions)
		return NULL;
	fputs(" *\n * Replaced in ", stream);
	mkp_module_write_tag(object, stream);
	fputs(":\n", stream);
	for (i = 0; !error && i < object->nr_functions; i++)
		error = write_function_comment(&object->functions[i], stream);
	return error;
}

static struct mkp_error *write_inputs_comment(const struct mkp_module *module,
					      FILE *stream)
{
	struct mkp_error *error = NULL;

	for (size_t i = 0; i < module->nr_inputs && !error; i++) {
		fputs(" * Compared: ", stream);
		error = mkp_c_write_comment(stream, module->inputs[2 * i]);
		fputs(" and ", stream);
		if (!error)
			error = mkp_c_write_comment(stream, module->inputs[2 * i + 1]);
		fputs(".\n", stream);
	}
	return error;
}

static struct mkp_error *write_shadow_comment(const struct mkp_module *module,
					      FILE *stream)
{
	struct mkp_error *error = NULL;

	if (module->nr_shadows)
		fputs(" *\n * Shadow variables:\n", stream);
	for (size_t i = 0; i < module->nr_shadows && !error; i++) {
		const struct mkp_module_number *shadow = &module->shadows[i];

		fputs(" *   ", stream);
		error = mkp_c_write_comment(stream, shadow->name);
		fprintf(stream, ", id %#" PRIx64 ", %" PRIu64 " bytes\n", shadow->id,
			shadow->value);
	}
	return error;
}

static struct mkp_error *write_top_comment(const struct mkp_module *module, FILE *stream)
{
	struct mkp_error *error;
	size_t i;

	fprintf(stream, "// SPDX-License-Identifier: GPL-2.0\n/*\n * %s: a live patch",
		module->name);
	if (module->release)
		fprintf(stream, " for Linux %s", module->release);
	fputs("\n *\n * Written by mkpatch " MKP_VERSION ". The new code is in ", stream);
	fputs(module->nr_inputs > 1 ? "payload-*.o_shipped;" : "payload.o_shipped;",
	      stream);
	fputs("\n * this file says what it replaces.\n", stream);
	error = write_inputs_comment(module, stream);
	for (i = 0; !error && i < module->nr_objects; i++)
		error = write_object_comment(&module->objects[i], stream);
	if (!error)
		error = write_shadow_comment(module, stream);
	fputs(" */\n", stream);
	return error;
}

void mkp_module_write_callbacks(const struct mkp_module_object *object, FILE *stream)
{
	bool any = false;

	for (size_t i = 0; i < MKP_AUTHOR_NR_CALLBACKS; i++) {
		if (!object->callbacks[i])
			continue;
		fprintf(stream, "%s\t\t\t.%s = %s,\n", any ? "" : "\t\t.callbacks = {\n",
			mkp_author_kind_name((enum mkp_author_kind)i),
			object->callbacks[i]);
		any = true;
	}
	if (any)
		fputs("\t\t},\n", stream);
}

void mkp_module_write_states(const struct mkp_module *module, FILE *stream)
{
	for (size_t i = 0; i < module->nr_states; i++)
		fprintf(stream, "\t{ .id = %#" PRIx64 "UL, .version = %" PRIu64 "U },\n",
			module->states[i].id, module->states[i].value);
}

static void declare_callbacks(const struct mkp_module_object *object, FILE *stream)
{
	for (size_t i = 0; i < MKP_AUTHOR_NR_CALLBACKS; i++)
		if (object->callbacks[i])
			fprintf(stream, "extern %s %s(struct klp_object *obj);\n",
				i == MKP_AUTHOR_PRE_PATCH ? "int" : "void",
				object->callbacks[i]);
}

static void write_declarations(const struct mkp_module *module, FILE *stream)
{
	size_t i, j;

	fputs("\n/* In the payload. Only their addresses matter here. */\n", stream);
	for (i = 0; i < module->nr_objects; i++) {
		for (j = 0; j < module->objects[i].nr_functions; j++)
			fprintf(stream, "extern void %s(void);\n",
				module->objects[i].functions[j].new_symbol);
		declare_callbacks(&module->objects[i], stream);
	}
}

/*
 * import_ns directly: MODULE_IMPORT_NS() wants a bare word before v6.13 and a string
 * since (cdd30ebb1b9f "module: Convert symbol namespace to string literal"), and makes
 * this of it.
 */
static void write_module_info(const struct mkp_module *module, FILE *stream)
{
	size_t i;

	fputs("\nmodule_init(mkp_init);\nmodule_exit(mkp_exit);\n\n"
	      "MODULE_LICENSE(\"GPL\");\nMODULE_DESCRIPTION(",
	      stream);
	mkp_c_write_literal(stream,
			    module->description ? module->description : module->name);
	fputs(");\n", stream);
	if (module->version) {
		fputs("MODULE_VERSION(", stream);
		mkp_c_write_literal(stream, module->version);
		fputs(");\n", stream);
	}
	/* `mkpatch finalize` adds livepatch=Y: without it the kernel refuses the module.
	 */
	fputs("MODULE_INFO(mkpatch, \"" MKP_VERSION "\");\n", stream);
	for (i = 0; i < module->nr_infos; i++) {
		fprintf(stream, "MODULE_INFO(%s, ", module->infos[i].key);
		mkp_c_write_literal(stream, module->infos[i].value);
		fputs(");\n", stream);
	}
	for (i = 0; i < module->nr_namespaces; i++) {
		fputs("MODULE_INFO(import_ns, ", stream);
		mkp_c_write_literal(stream, module->namespaces[i]);
		fputs(");\n", stream);
	}
}

struct mkp_error *mkp_module_write_source(const struct mkp_module *module, FILE *stream)
{
	struct mkp_error *error;

	error = mkp_module_validate(module);
	if (!error)
		error = write_top_comment(module, stream);
	if (error)
		return error;
	fputs("\n#include <linux/kernel.h>\n#include <linux/module.h>\n"
	      "#include <linux/version.h>\n",
	      stream);
	fputs(module->standalone ? "#include <linux/livepatch.h>\n"
				 : "#include <generated/utsrelease.h>\n\n"
				   "#include \"core_abi.h\"\n",
	      stream);
	write_declarations(module, stream);
	if (module->standalone)
		mkp_module_write_standalone(module, stream);
	else
		mkp_module_write_core(module, stream);
	write_module_info(module, stream);
	return mkp_module_finish(stream);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The flavour that registers with mkpatch_core.ko: the records of core_abi.h, of which
 * the core makes the livepatch structures.
 */
#include <inttypes.h>

#include "emit/c_text.h"
#include "emit/module_private.h"

static void write_function(const struct mkp_module_function *function, FILE *stream)
{
	fputs("\t{\n\t\t.old_name = ", stream);
	mkp_c_write_literal(stream, function->old_name);
	fprintf(stream, ",\n\t\t.new_func = %s,\n", function->new_symbol);
	if (function->position)
		fprintf(stream, "\t\t.old_sympos = %" PRIu64 ",\n", function->position);
	fprintf(stream, "\t\t.old_size = %" PRIu64 ",\n\t\t.new_size = %" PRIu64 ",\n",
		function->old_size, function->new_size);
	if (function->source) {
		fputs("\t\t.source = ", stream);
		mkp_c_write_literal(stream, function->source);
		fputs(",\n", stream);
	}
	fputs("\t},\n", stream);
}

static void write_functions(const struct mkp_module_object *object, FILE *stream)
{
	size_t i;

	fputs("\nstatic const struct mkpatch_core_func mkp_funcs_", stream);
	mkp_module_write_tag(object, stream);
	fputs("[] = {\n", stream);
	for (i = 0; i < object->nr_functions; i++)
		write_function(&object->functions[i], stream);
	fputs("};\n", stream);
}

static void write_objects(const struct mkp_module *module, FILE *stream)
{
	size_t i;

	fputs("\nstatic const struct mkpatch_core_object mkp_objects[] = {\n", stream);
	for (i = 0; i < module->nr_objects; i++) {
		const struct mkp_module_object *object = &module->objects[i];

		fputs("\t{\n\t\t.name = ", stream);
		mkp_module_write_object_name(object, stream);
		fprintf(stream, ",%s\n\t\t.funcs = mkp_funcs_",
			object->name ? "" : " /* vmlinux */");
		mkp_module_write_tag(object, stream);
		fputs(",\n\t\t.nr_funcs = ARRAY_SIZE(mkp_funcs_", stream);
		mkp_module_write_tag(object, stream);
		fputs("),\n", stream);
		mkp_module_write_callbacks(object, stream);
		fputs("\t},\n", stream);
	}
	fputs("};\n", stream);
}

static void write_states(const struct mkp_module *module, FILE *stream)
{
	if (!module->nr_states)
		return;
	fputs("\nstatic const struct mkpatch_core_state mkp_states[] = {\n", stream);
	mkp_module_write_states(module, stream);
	fputs("};\n", stream);
}

/* Not known for which kernel: then for the one whose headers it is built with. */
static void write_release(const struct mkp_module *module, FILE *stream)
{
	fputs("\t.release = ", stream);
	if (module->release)
		mkp_c_write_literal(stream, module->release);
	else
		fputs("UTS_RELEASE", stream);
	fputs(",\n", stream);
}

static void write_patch(const struct mkp_module *module, FILE *stream)
{
	fputs("\nstatic struct mkpatch_core_patch mkp_patch = {\n"
	      "\t.abi = MKPATCH_CORE_ABI,\n"
	      "\t.patch_size = sizeof(struct mkpatch_core_patch),\n"
	      "\t.object_size = sizeof(struct mkpatch_core_object),\n"
	      "\t.func_size = sizeof(struct mkpatch_core_func),\n",
	      stream);
	if (module->replace)
		fputs("\t.flags = MKPATCH_CORE_REPLACE,\n", stream);
	fprintf(stream,
		"\t.nr_objects = ARRAY_SIZE(mkp_objects),\n\t.name = \"%s\",\n\t.version "
		"= ",
		module->name);
	mkp_c_write_literal(stream, module->version ? module->version : "0");
	fputs(",\n", stream);
	write_release(module, stream);
	if (module->nr_states)
		fputs("\t.states = mkp_states,\n"
		      "\t.nr_states = ARRAY_SIZE(mkp_states),\n",
		      stream);
	fputs("\t.objects = mkp_objects,\n\t.mod = THIS_MODULE,\n};\n", stream);
}

void mkp_module_write_core(const struct mkp_module *module, FILE *stream)
{
	size_t i;

	for (i = 0; i < module->nr_objects; i++)
		write_functions(&module->objects[i], stream);
	write_objects(module, stream);
	write_states(module, stream);
	write_patch(module, stream);
	fputs("\nstatic int __init mkp_init(void)\n{\n"
	      "\treturn mkpatch_core_register(&mkp_patch);\n}\n"
	      "\n/* Runs only when the patch is disabled: until then livepatch holds a "
	      "reference. "
	      "*/\n"
	      "static void __exit mkp_exit(void)\n{\n"
	      "\tmkpatch_core_unregister(&mkp_patch);\n}\n",
	      stream);
}

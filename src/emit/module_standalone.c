// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The flavour that needs nothing but the kernel: the livepatch structures themselves, in
 * the form that they have since v5.1.
 */
#include <inttypes.h>

#include "emit/c_text.h"
#include "emit/module_private.h"

static void write_checks(FILE *stream)
{
	fputs("\n#if !IS_ENABLED(CONFIG_LIVEPATCH)\n"
	      "#error \"this kernel is built without CONFIG_LIVEPATCH\"\n#endif\n"
	      "/* Until 958ef1e39d24 (v5.1) a patch was registered first, then enabled. "
	      "*/\n"
	      "#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 1, 0)\n"
	      "#error \"a standalone live patch needs Linux 5.1 or later\"\n#endif\n",
	      stream);
}

static void write_functions(const struct mkp_module_object *object, FILE *stream)
{
	size_t i;

	fputs("\nstatic struct klp_func mkp_funcs_", stream);
	mkp_module_write_tag(object, stream);
	fputs("[] = {\n", stream);
	for (i = 0; i < object->nr_functions; i++) {
		const struct mkp_module_function *function = &object->functions[i];

		fputs("\t{\n\t\t.old_name = ", stream);
		mkp_c_write_literal(stream, function->old_name);
		fprintf(stream, ",\n\t\t.new_func = %s,\n", function->new_symbol);
		if (function->position)
			fprintf(stream, "\t\t.old_sympos = %" PRIu64 ",\n",
				function->position);
		fputs("\t},\n", stream);
	}
	fputs("\t{ }\n};\n", stream);
}

static void write_objects(const struct mkp_module *module, FILE *stream)
{
	size_t i;

	fputs("\nstatic struct klp_object mkp_objects[] = {\n", stream);
	for (i = 0; i < module->nr_objects; i++) {
		fputs("\t{\n\t\t.name = ", stream);
		mkp_module_write_object_name(&module->objects[i], stream);
		fprintf(stream, ",%s\n\t\t.funcs = mkp_funcs_",
			module->objects[i].name ? "" : " /* vmlinux */");
		mkp_module_write_tag(&module->objects[i], stream);
		fputs(",\n", stream);
		mkp_module_write_callbacks(&module->objects[i], stream);
		fputs("\t},\n", stream);
	}
	fputs("\t{ }\n};\n", stream);
}

static void write_states(const struct mkp_module *module, FILE *stream)
{
	if (!module->nr_states)
		return;
	fputs("\n/* Since 3c33def2bb14 (v5.5). */\n"
	      "#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 5, 0)\n"
	      "#error \"this kernel has no livepatch states\"\n#endif\n"
	      "static struct klp_state mkp_states[] = {\n",
	      stream);
	mkp_module_write_states(module, stream);
	fputs("\t{ }\n};\n", stream);
}

void mkp_module_write_standalone(const struct mkp_module *module, FILE *stream)
{
	size_t i;

	write_checks(stream);
	for (i = 0; i < module->nr_objects; i++)
		write_functions(&module->objects[i], stream);
	write_objects(module, stream);
	write_states(module, stream);
	fprintf(stream,
		"\nstatic struct klp_patch mkp_patch = {\n\t.mod = THIS_MODULE,\n"
		"\t.objs = mkp_objects,\n%s%s};\n",
		module->nr_states ? "\t.states = mkp_states,\n" : "",
		module->replace ? "\t.replace = true,\n" : "");
	fputs("\nstatic int __init mkp_init(void)\n{\n\treturn "
	      "klp_enable_patch(&mkp_patch);\n"
	      "}\n\n"
	      "/* Livepatch holds a reference until the patch is disabled: nothing is "
	      "left to do. "
	      "*/\n"
	      "static void __exit mkp_exit(void)\n{\n}\n",
	      stream);
}

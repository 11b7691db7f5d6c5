// SPDX-License-Identifier: GPL-2.0-or-later
#include "emit/bind.h"

#include <stdio.h>
#include <string.h>

#include "base/array.h"
#include "emit/proof.h"

struct binder {
	const struct mkp_check_context *context;
	const struct mkp_target *target;
	const char *
		*siblings; /* owned; names of the original's local functions and data */
	size_t nr_siblings, cap_siblings;
	uint64_t nr_unproved;
	struct mkp_proof proof;
	uint32_t twin; /* original atom of what is being bound, or MKP_NO_ATOM */
};

static const char vmlinux[] = "vmlinux";

/* The object whose code is patched. */
static const char *own_object(const struct binder *binder)
{
	return binder->target->object ? binder->target->object : vmlinux;
}

static const struct mkp_image *own_image(const struct binder *binder)
{
	return binder->target->object ? binder->target->module : binder->target->vmlinux;
}

/* Locals that the linker keeps: they tell files of one name apart. */
static struct mkp_error *collect_siblings(struct binder *binder)
{
	const struct mkp_object *object = binder->context->diff->orig->object;
	struct mkp_error *error = NULL;

	for (uint32_t i = 1; i < object->first_global && !error; i++) {
		const struct mkp_symbol *symbol = &object->symbols[i];

		if ((symbol->type != STT_FUNC && symbol->type != STT_OBJECT) ||
		    !mkp_symbol_section(object, symbol))
			continue;
		error = mkp_array_reserve(&binder->siblings, &binder->cap_siblings,
					  binder->nr_siblings + 1,
					  sizeof(*binder->siblings));
		if (!error)
			binder->siblings[binder->nr_siblings++] = symbol->name;
	}
	return error;
}

static struct mkp_error *report_match(const struct binder *binder,
				      const struct mkp_image *image,
				      const struct mkp_symbol *symbol,
				      const struct mkp_need *need,
				      const struct mkp_image_match *match)
{
	struct mkp_report *report = binder->context->report;
	const char *name = symbol->name;

	if (match->verdict == MKP_NOT_FOUND)
		return mkp_check_report(report, MKP_CHECK_SYMBOL_NOT_FOUND, name,
					mkp_need_source(need), "not in %s: %s",
					mkp_image_path(image),
					mkp_image_reason_text(match->reason));
	if (match->verdict == MKP_AMBIGUOUS)
		return mkp_check_report(
			report, MKP_CHECK_SYMBOL_POSITION, name, mkp_need_source(need),
			"%s has %u of this name, of which %u fit: %s",
			mkp_image_path(image), match->nr_same_name, match->nr_candidates,
			mkp_image_reason_text(match->reason));
	if (match->size_differs)
		return mkp_check_report(
			report, MKP_CHECK_SIZE_MISMATCH, name, mkp_need_source(need),
			"%llu bytes in the original object, %llu in %s",
			(unsigned long long)symbol->size,
			(unsigned long long)match->symbol->size, mkp_image_path(image));
	return NULL;
}

/* Address of a symbol that the linker script defines; 0: it does not. */
static uint64_t linker_symbol(const struct mkp_image *image, const char *name)
{
	const struct mkp_image_query query = { .name = name };
	struct mkp_image_match match;

	mkp_image_resolve(image, &query, &match);
	return match.verdict == MKP_RESOLVED ? match.symbol->address : 0;
}

/* Whether vmlinux frees the memory after boot (free_initmem(),
 * include/asm-generic/sections.h), or @doubt if it does not say what it frees. */
static bool is_init_address(const struct mkp_image *image,
			    const struct mkp_image_match *match, bool doubt)
{
	uint64_t begin = linker_symbol(image, "__init_begin");
	uint64_t end = linker_symbol(image, "__init_end");

	if (!begin || !end)
		return doubt;
	return match->symbol->address >= begin && match->symbol->address < end;
}

/*
 * Whether the object does not say if a symbol is one of the start only: `.meminit.*` of
 * vmlinux is freed after boot, but for kernels with CONFIG_MEMORY_HOTPLUG (MEM_KEEP of
 * include/asm-generic/vmlinux.lds.h, v6.1). A module keeps it: its loader goes by `.init`
 * (module_init_section() of kernel/module/main.c).
 */
static bool is_perhaps_init(const struct binder *binder, const struct mkp_symbol *symbol)
{
	const struct mkp_object *object = binder->context->diff->orig->object;
	const struct mkp_section *section = mkp_symbol_section(object, symbol);

	return section && !binder->target->object &&
	       mkp_name_matches(".meminit.*", section->name);
}

/* Finds the position of a symbol in an image; without one it is assumed to be unique. */
static struct mkp_error *find_position(struct binder *binder,
				       const struct mkp_image *image,
				       const struct mkp_symbol *symbol,
				       const struct mkp_need *need,
				       struct mkp_binding *binding)
{
	bool defined = symbol->section != MKP_SHN_UNDEF;
	bool perhaps_init = is_perhaps_init(binder, symbol);
	struct mkp_image_query query = {
		.name = symbol->name,
		.file = symbol->file,
		.local = symbol->bind == STB_LOCAL,
		.function = symbol->type == STT_FUNC,
		.object = symbol->type == STT_OBJECT,
		.size = defined ? symbol->size : 0,
		.siblings = binder->siblings,
		.nr_siblings = binder->nr_siblings,
	};
	struct mkp_image_match match;

	binding->position = 0;
	if (!image) {
		binder->nr_unproved++;
		return perhaps_init
			       ? mkp_check_report(
					 binder->context->report,
					 MKP_CHECK_INIT_REFERENCE, symbol->name,
					 mkp_need_source(need),
					 "a kernel without CONFIG_MEMORY_HOTPLUG "
					 "frees it after boot; give the kernel by -k "
					 "RELEASE or --vmlinux FILE")
			       : NULL;
	}
	mkp_image_resolve(image, &query, &match);
	if (image == own_image(binder) && binder->twin != MKP_NO_ATOM) {
		struct mkp_error *error = mkp_proof_apply(&binder->proof, binder->twin,
							  &query, need, &match);

		if (error)
			return error;
	}
	if (match.verdict == MKP_RESOLVED) {
		binding->position = match.position;
		/* What else the object itself defines has been seen by the checks. */
		if ((!defined || perhaps_init) && image == binder->target->vmlinux &&
		    is_init_address(image, &match, perhaps_init))
			return mkp_check_report(
				binder->context->report, MKP_CHECK_INIT_REFERENCE,
				symbol->name, mkp_need_source(need),
				"%s has it in its init part, which is freed "
				"after boot",
				mkp_image_path(image));
	}
	if (match.verdict == MKP_NOT_FOUND && symbol->bind == STB_WEAK && !defined) {
		/* Nobody defines it: it stays undefined, and reads as 0. */
		binding->kind = MKP_BIND_EXPORT;
		binding->weak = true;
		return NULL;
	}
	return report_match(binder, image, symbol, need, &match);
}

/* A symbol that another file of the kernel defines and that is not exported. */
static struct mkp_error *bind_foreign(struct binder *binder,
				      const struct mkp_symbol *symbol,
				      const struct mkp_need *need,
				      struct mkp_binding *binding)
{
	const struct mkp_image *module = binder->target->module;
	struct mkp_image_query query = { .name = symbol->name };
	struct mkp_image_match match = { .verdict = MKP_NOT_FOUND };

	binding->kind = MKP_BIND_LIVEPATCH;
	binding->provider = vmlinux;
	binding->object = vmlinux;
	if (binder->target->object && !module)
		return mkp_check_report(binder->context->report, MKP_CHECK_SYMBOL_OWNER,
					symbol->name, mkp_need_source(need),
					"defined by vmlinux or by another file of %s",
					binder->target->object);
	if (module)
		mkp_image_resolve(module, &query, &match);
	if (match.verdict == MKP_NOT_FOUND)
		return find_position(binder, binder->target->vmlinux, symbol, need,
				     binding);
	binding->provider = own_object(binder);
	binding->object = own_object(binder);
	return find_position(binder, module, symbol, need, binding);
}

/* Exported by a module that is neither patched nor vmlinux. */
static struct mkp_error *bind_other_module(const struct binder *binder, const char *name,
					   const struct mkp_export *export,
					   const struct mkp_need *need)
{
	const struct mkp_image *module = binder->target->module;

	if (!module)
		return mkp_check_report(binder->context->report, MKP_CHECK_FOREIGN_EXPORT,
					name, mkp_need_source(need),
					"exported by module %s", export->module);
	/* It is loaded before the patched module is, and as long. */
	if (mkp_image_depends_on(module, export->module))
		return NULL;
	return mkp_check_report(binder->context->report, MKP_CHECK_UNDECLARED_DEPENDENCY,
				name, mkp_need_source(need),
				"exported by module %s, which %s does not depend on",
				export->module, own_object(binder));
}

/* The patched module was made with the same export, as far as it says. */
static struct mkp_error *check_crc(const struct binder *binder,
				   const struct mkp_export *export,
				   const struct mkp_need *need)
{
	const struct mkp_image *module = binder->target->module;
	uint32_t crc;

	if (!module || !mkp_image_import_crc(module, export->name, &crc) ||
	    crc == export->crc)
		return NULL;
	return mkp_check_report(binder->context->report, MKP_CHECK_EXPORT_CRC,
				export->name, mkp_need_source(need),
				"%#010x in %s, %#010x in Module.symvers", crc,
				mkp_image_path(module), export->crc);
}

static struct mkp_error *bind_export(struct binder *binder,
				     const struct mkp_symbol *symbol,
				     const struct mkp_export *export,
				     const struct mkp_need *need,
				     struct mkp_binding *binding)
{
	bool of_vmlinux = !strcmp(export->module, vmlinux);
	struct mkp_error *error = check_crc(binder, export, need);

	binding->provider = export->module;
	binding->export = export;
	if (!error && of_vmlinux && !mkp_export_is_closed(export)) {
		binding->kind = MKP_BIND_EXPORT;
		binding->space = export->space[0] ? export->space : NULL;
		return NULL;
	}
	/* No ordinary import: the module may come later than the patch, or the patch is
	 * none of those that may import it. */
	binding->kind = MKP_BIND_LIVEPATCH;
	binding->object = of_vmlinux ? vmlinux : own_object(binder);
	if (error)
		return error;
	if (of_vmlinux)
		return find_position(binder, binder->target->vmlinux, symbol, need,
				     binding);
	if (!strcmp(export->module, own_object(binder)))
		return find_position(binder, own_image(binder), symbol, need, binding);
	return bind_other_module(binder, symbol->name, export, need);
}

/* A symbol as the original object has it: defined there, or undefined. */
static struct mkp_error *bind_symbol(struct binder *binder,
				     const struct mkp_symbol *symbol,
				     const struct mkp_need *need,
				     struct mkp_binding *binding)
{
	const struct mkp_export *export = NULL;

	binding->name = symbol->name;
	if (symbol->bind != STB_LOCAL && binder->target->symvers)
		export = mkp_symvers_find(binder->target->symvers, symbol->name);
	if (export)
		return bind_export(binder, symbol, export, need, binding);
	if (symbol->section == MKP_SHN_UNDEF) {
		if (mkp_arch_is_helper(binder->context->diff->orig->arch, symbol->name)) {
			binding->kind = MKP_BIND_EXPORT;
			binding->provider = vmlinux;
			return NULL;
		}
		return bind_foreign(binder, symbol, need, binding);
	}
	binding->kind = MKP_BIND_LIVEPATCH;
	binding->provider = own_object(binder);
	binding->object = own_object(binder);
	return find_position(binder, own_image(binder), symbol, need, binding);
}

/* The symbol of the original object that stands for a patched atom. */
static const struct mkp_symbol *original_symbol(const struct mkp_diff *diff,
						uint32_t atom)
{
	uint32_t twin = diff->to_orig[atom];

	return twin == MKP_NO_ATOM
		       ? mkp_atom_symbol(diff->patched, &diff->patched->atoms[atom])
		       : mkp_atom_symbol(diff->orig, &diff->orig->atoms[twin]);
}

/* What another object of the patch carries, or has in the running kernel. */
static struct mkp_error *bind_link(struct binder *binder, const struct mkp_link *link,
				   const struct mkp_need *need,
				   struct mkp_binding *binding)
{
	const struct mkp_diff *other = link->to->diff;
	struct mkp_target target = *binder->target;
	struct mkp_check_context context = *link->to;
	struct binder there = { .context = &context, .target = &target };
	struct mkp_error *error;

	if (link->carried) {
		binding->kind = MKP_BIND_SHARED;
		binding->name = mkp_atom_name(other->patched, link->atom);
		binding->object = own_object(binder);
		binding->provider = link->to->object ? own_object(binder) : vmlinux;
		return NULL;
	}
	/* From a module it leads into the same module or into vmlinux. */
	if (!link->to->object)
		target.object = NULL;
	context.report = binder->context->report;
	error = collect_siblings(&there);
	if (!error)
		error = bind_symbol(&there, original_symbol(other, link->atom), need,
				    binding);
	binder->nr_unproved += there.nr_unproved;
	free(there.siblings);
	return error;
}

static struct mkp_error *bind_target(struct binder *binder, uint32_t atom,
				     const struct mkp_need *need,
				     struct mkp_binding *binding)
{
	const struct mkp_check_context *context = binder->context;

	if (context->links && context->links[atom].to)
		return bind_link(binder, &context->links[atom], need, binding);
	return bind_symbol(binder, original_symbol(context->diff, atom), need, binding);
}

/*
 * The key of a static call whose trampoline is an import is imported with it. Where
 * objtool sees the call only when the module is linked, it looks for the key by name
 * among the module's symbols and without one takes the trampoline, as is right for keys
 * that are not exported (create_static_call_sections() of tools/objtool/check.c, v6.12).
 * The kernel has no record of other trampolines, and refuses the module
 * (static_call_add_module() of kernel/static_call_inline.c, v6.12).
 */
static struct mkp_error *bind_static_call_key(struct binder *binder, uint32_t trampoline,
					      const struct mkp_need *need,
					      struct mkp_bindings *bindings)
{
	const struct mkp_binding *call = &bindings->atoms[trampoline];
	const struct mkp_symvers *symvers = binder->target->symvers;
	MKP_CLEANUP_FREE char *name = NULL;
	const struct mkp_graph *graph = binder->context->diff->patched;
	const struct mkp_export *export;
	uint32_t symbol, key;

	if (call->kind != MKP_BIND_EXPORT || !symvers ||
	    !mkp_name_matches("__SCT__*", call->name))
		return NULL;
	if (asprintf(&name, "__SCK__%s", call->name + strlen("__SCT__")) < 0)
		return mkp_error_nomem();
	export = mkp_symvers_find(symvers, name);
	if (!export || strcmp(export->module, vmlinux) || mkp_export_is_closed(export))
		return NULL;
	symbol = mkp_graph_find_global(graph, name);
	if (!symbol)
		return NULL;
	key = graph->symbol_atom[symbol];
	if (bindings->atoms[key].kind != MKP_BIND_NONE)
		return NULL;
	binder->twin = binder->context->diff->to_orig[key];
	return bind_target(binder, key, need, &bindings->atoms[key]);
}

static struct mkp_error *bind_refs(struct binder *binder, struct mkp_bindings *bindings)
{
	const struct mkp_check_context *context = binder->context;
	const struct mkp_graph *graph = context->diff->patched;
	struct mkp_need need = { .context = context, .atom = MKP_NO_ATOM };
	struct mkp_error *error = NULL;

	for (uint32_t i = 0; i < graph->nr_refs && !error; i++) {
		uint32_t atom = graph->refs[i].target;

		if (context->selection->fates[i] != MKP_FATE_ORIGINAL ||
		    !graph->atoms[atom].symbol)
			continue;
		binder->twin = context->diff->to_orig[atom];
		need.ref = i;
		if (bindings->atoms[atom].kind == MKP_BIND_NONE)
			error = bind_target(binder, atom, &need, &bindings->atoms[atom]);
		if (!error)
			error = bind_static_call_key(binder, atom, &need, bindings);
	}
	return error;
}

/* A module's symbol can not be in a table that is read before the module is there. */
static struct mkp_error *check_tables(const struct binder *binder,
				      const struct mkp_bindings *bindings)
{
	const struct mkp_check_context *context = binder->context;
	struct mkp_error *error = NULL;

	for (uint32_t i = 0; i < context->diff->patched->nr_atoms && !error; i++)
		if (mkp_binding_is_late(&bindings->atoms[i]))
			error = mkp_check_module_symbol(context, i,
							bindings->atoms[i].provider);
	return error;
}

bool mkp_binding_is_late(const struct mkp_binding *binding)
{
	return binding->kind == MKP_BIND_LIVEPATCH &&
	       strcmp(binding->object, vmlinux) != 0;
}

/* Replaced functions are found by position, exported or not. */
static struct mkp_error *bind_replaced(struct binder *binder,
				       struct mkp_bindings *bindings)
{
	const struct mkp_check_context *context = binder->context;
	struct mkp_error *error = NULL;

	for (uint32_t i = 0; i < context->selection->nr_replaced && !error; i++) {
		uint32_t atom = context->selection->queue[i];
		const struct mkp_symbol *symbol = original_symbol(context->diff, atom);
		const struct mkp_need need = { context, atom, MKP_NO_REF };

		binder->twin = context->diff->to_orig[atom];
		bindings->replaced[i] = (struct mkp_binding){
			.kind = MKP_BIND_LIVEPATCH,
			.name = symbol->name,
			.object = own_object(binder),
			.provider = own_object(binder),
		};
		error = find_position(binder, own_image(binder), symbol, &need,
				      &bindings->replaced[i]);
	}
	return error;
}

static struct mkp_error *report_unproved(const struct binder *binder)
{
	if (!binder->nr_unproved)
		return NULL;
	return mkp_check_report(binder->context->report, MKP_CHECK_POSITION_NOT_PROVED,
				NULL, NULL, "%llu symbols are taken to be unique in %s",
				(unsigned long long)binder->nr_unproved,
				own_object(binder));
}

struct mkp_error *mkp_bind(const struct mkp_check_context *context,
			   const struct mkp_target *target,
			   struct mkp_bindings **ret_bindings)
{
	struct binder binder = { .context = context, .target = target };
	struct mkp_bindings *bindings = NULL;
	struct mkp_error *error = mkp_array_create(1, sizeof(*bindings), &bindings);

	if (error)
		return error;
	error = mkp_array_create(context->diff->patched->nr_atoms,
				 sizeof(struct mkp_binding), &bindings->atoms);
	if (!error)
		error = mkp_array_create(context->selection->nr_replaced,
					 sizeof(struct mkp_binding), &bindings->replaced);
	if (!error)
		error = collect_siblings(&binder);
	if (!error)
		error = mkp_proof_init(&binder.proof, context, target->match);
	if (!error)
		error = bind_replaced(&binder, bindings);
	if (!error)
		error = bind_refs(&binder, bindings);
	if (!error)
		error = check_tables(&binder, bindings);
	if (!error)
		error = mkp_proof_report_rest(&binder.proof);
	if (!error)
		error = report_unproved(&binder);
	if (!error)
		error = mkp_bind_check_target(context, target, bindings);
	mkp_proof_deinit(&binder.proof);
	free(binder.siblings);
	if (error) {
		mkp_bindings_destroy(bindings);
		return error;
	}
	*ret_bindings = bindings;
	return NULL;
}

void mkp_bindings_destroy(struct mkp_bindings *bindings)
{
	if (!bindings)
		return;
	free(bindings->atoms);
	free(bindings->replaced);
	free(bindings);
}

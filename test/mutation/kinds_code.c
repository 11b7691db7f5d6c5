// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Changes of code: instructions, and what they refer to.
 *
 * What is left out, by rule: bytes that no function covers (padding); fields that a
 * relocation overwrites; what another name for the same place would be put for; what does
 * not decode to an instruction of the same length.
 */
#include <Zydis/Zydis.h>
#include <stdlib.h>
#include <string.h>

#include "mutant.h"

/* Data closer together than this are not told apart by where references to them point. */
#define APART 16

static bool is_function_field(const struct object *object, const struct reloc *reloc)
{
	return is_code(object, reloc->section) &&
	       function_around(object, reloc->section, reloc->offset);
}

/* Whether two relocations point to different things, whatever instruction they stand in.
 */
static bool lead_apart(const struct object *object, const struct reloc *a,
		       const struct reloc *b)
{
	struct place x = reloc_target(object, a), y = reloc_target(object, b);

	if (a->type != b->type)
		return false;
	if (!x.section || !y.section)
		return a->symbol != b->symbol;
	return x.section != y.section || x.offset + APART < y.offset ||
	       y.offset + APART < x.offset;
}

typedef bool reloc_filter(const struct object *object, const struct reloc *reloc);

/* Each relocation that passes takes the meaning of a random other one that does. */
static void exchange(const struct object *object, struct mutants *mutants,
		     reloc_filter *filter)
{
	const struct reloc **pool = allocate(object->nr_relocs, sizeof(*pool));
	size_t count = 0;

	for (size_t i = 0; i < object->nr_relocs; i++)
		if (filter(object, &object->relocs[i]))
			pool[count++] = &object->relocs[i];
	for (size_t i = 0; i < count; i++) {
		const struct reloc *other = pool[random_number(i) % count];
		struct mutant *mutant;

		if (!lead_apart(object, pool[i], other))
			continue;
		mutant = add_mutant(
			mutants,
			function_around(object, pool[i]->section, pool[i]->offset),
			pool[i]->section, pool[i]->offset);
		edit_reloc(mutant, pool[i], other->symbol, other->type, other->addend);
	}
	free(pool);
}

static bool is_call(const struct object *object, const struct reloc *reloc)
{
	return reloc->type == R_X86_64_PLT32 && is_function_field(object, reloc);
}

void collect_calls(const struct object *object, struct mutants *mutants)
{
	exchange(object, mutants, is_call);
}

/* An operand in .data or .bss, or a symbol of another object. */
static bool is_variable(const struct object *object, const struct reloc *reloc)
{
	struct place target = reloc_target(object, reloc);

	return (reloc->type == R_X86_64_PC32 || reloc->type == R_X86_64_32S) &&
	       is_function_field(object, reloc) &&
	       (!target.section || section_is(object, target.section, ".data") ||
		section_is(object, target.section, ".bss"));
}

void collect_symbols(const struct object *object, struct mutants *mutants)
{
	exchange(object, mutants, is_variable);
}

/* PC32 and PLT32 are the same where the call is resolved within the kernel. */
void collect_plt(const struct object *object, struct mutants *mutants)
{
	for (size_t i = 0; i < object->nr_relocs; i++) {
		const struct reloc *reloc = &object->relocs[i];

		if (is_call(object, reloc))
			edit_reloc(add_mutant(mutants, 0, reloc->section, reloc->offset),
				   reloc, reloc->symbol, R_X86_64_PC32, reloc->addend);
	}
}

/* Length of a function's name without what compilers append. */
static size_t base_length(const char *name)
{
	return strcspn(name, ".");
}

/* Another function whose name differs in what the compiler appended; 0: none. */
static uint32_t find_sibling(const struct object *object, uint32_t function)
{
	const char *name = symbol_name(object, function);
	size_t length = base_length(name);

	for (uint32_t i = 0; i < object->nr_sized; i++) {
		uint32_t other = object->sized[i];
		const char *its = symbol_name(object, other);

		if (other != function && base_length(its) == length &&
		    !memcmp(name, its, length) && !strstr(its, ".cold") &&
		    is_code(object, object->symbols[other].st_shndx))
			return other;
	}
	return 0;
}

void collect_clones(const struct object *object, struct mutants *mutants)
{
	for (size_t i = 0; i < object->nr_relocs; i++) {
		const struct reloc *reloc = &object->relocs[i];
		struct place to = reloc_target(object, reloc);
		uint32_t function, sibling;

		if (!is_call(object, reloc) || !to.section)
			continue;
		function = function_around(object, to.section, to.offset);
		if (!function || object->symbols[function].st_value != to.offset)
			continue;
		sibling = find_sibling(object, function);
		if (sibling)
			edit_reloc(add_mutant(mutants,
					      function_around(object, reloc->section,
							      reloc->offset),
					      reloc->section, reloc->offset),
				   reloc, sibling, reloc->type, -4);
	}
}

/* A part that was split off changes, all that is named like the function stays. */
static bool is_cold_call(const struct object *object, const struct reloc *reloc)
{
	return is_call(object, reloc) &&
	       strstr(symbol_name(object,
				  function_around(object, reloc->section, reloc->offset)),
		      ".cold");
}

static bool is_cold_address(const struct object *object, const struct reloc *reloc)
{
	return reloc->type == R_X86_64_32S && is_function_field(object, reloc) &&
	       strstr(symbol_name(object,
				  function_around(object, reloc->section, reloc->offset)),
		      ".cold");
}

void collect_cold(const struct object *object, struct mutants *mutants)
{
	exchange(object, mutants, is_cold_call);
	exchange(object, mutants, is_cold_address);
}

/* ---- Instructions
 * ------------------------------------------------------------------------ */

struct insn {
	const struct object *object;
	struct mutants *mutants;
	const ZydisDecoder *decoder;
	uint32_t function, section;
	uint64_t offset; /* in the section */
	const uint8_t *bytes;
	ZydisDecodedInstruction info;
};

typedef void insn_visitor(const struct insn *insn);

static void visit_function(struct insn *insn, insn_visitor *visit)
{
	const Elf64_Sym *symbol = &insn->object->symbols[insn->function];
	const uint8_t *code = insn->object->bytes +
			      insn->object->sections[insn->section].sh_offset;
	uint64_t end = symbol->st_value + symbol->st_size;

	for (insn->offset = symbol->st_value; insn->offset < end;
	     insn->offset += insn->info.length) {
		insn->bytes = code + insn->offset;
		if (ZYAN_FAILED(ZydisDecoderDecodeInstruction(
			    insn->decoder, NULL, insn->bytes, end - insn->offset,
			    &insn->info)))
			return;
		visit(insn);
	}
}

static void visit_code(const struct object *object, struct mutants *mutants,
		       insn_visitor *visit)
{
	ZydisDecoder decoder;
	struct insn insn = { .object = object, .mutants = mutants, .decoder = &decoder };

	ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
	for (uint32_t i = 0; i < object->nr_sized; i++) {
		insn.function = object->sized[i];
		insn.section = object->symbols[insn.function].st_shndx;
		if (is_code(object, insn.section) &&
		    object->sections[insn.section].sh_type == SHT_PROGBITS)
			visit_function(&insn, visit);
	}
}

/* A byte of the instruction becomes @value, if that makes one of the same length. */
static void change_byte(const struct insn *insn, size_t at, uint8_t value)
{
	uint8_t changed[ZYDIS_MAX_INSTRUCTION_LENGTH];
	ZydisDecodedInstruction info;
	struct mutant *mutant;

	memcpy(changed, insn->bytes, insn->info.length);
	changed[at] = value;
	if (is_relocated(insn->object, insn->section, insn->offset + at, 1) ||
	    ZYAN_FAILED(ZydisDecoderDecodeInstruction(insn->decoder, NULL, changed,
						      insn->info.length, &info)) ||
	    info.length != insn->info.length)
		return;
	mutant = add_mutant(insn->mutants, insn->function, insn->section,
			    insn->offset + at);
	edit_byte(insn->object, mutant, insn->section, insn->offset + at, value);
}

/* The only immediates that are no numbers of lines for sure are those that are no number
 * of a line twice: debug information is the same on both sides here, so none is exempt.
 */
static void change_immediate(const struct insn *insn)
{
	size_t at = insn->info.raw.imm[0].offset;

	if (insn->info.raw.imm[0].size && !insn->info.raw.imm[0].is_relative)
		change_byte(insn, at, insn->bytes[at] + 1);
}

void collect_immediates(const struct object *object, struct mutants *mutants)
{
	visit_code(object, mutants, change_immediate);
}

/* je for jne, and so on: the lowest bit of the last byte of the opcode. */
static void change_condition(const struct insn *insn)
{
	if (insn->info.meta.category == ZYDIS_CATEGORY_COND_BR &&
	    insn->info.raw.imm[0].offset == insn->info.length - 1u)
		change_byte(insn, insn->info.length - 2u,
			    insn->bytes[insn->info.length - 2u] ^ 1);
}

void collect_conditions(const struct object *object, struct mutants *mutants)
{
	visit_code(object, mutants, change_condition);
}

static void change_jump(const struct insn *insn)
{
	size_t at = insn->info.raw.imm[0].offset;

	if (insn->info.raw.imm[0].is_relative)
		change_byte(insn, at, insn->bytes[at] ^ 4);
}

void collect_jumps(const struct object *object, struct mutants *mutants)
{
	visit_code(object, mutants, change_jump);
}

static void change_register(const struct insn *insn)
{
	size_t at = insn->info.raw.modrm.offset;

	if ((insn->info.attributes & ZYDIS_ATTRIB_HAS_MODRM) &&
	    insn->info.mnemonic != ZYDIS_MNEMONIC_NOP)
		change_byte(insn, at, insn->bytes[at] ^ 8);
}

void collect_registers(const struct object *object, struct mutants *mutants)
{
	visit_code(object, mutants, change_register);
}

/* Another member of a structure. */
static void change_offset(const struct insn *insn)
{
	size_t at = insn->info.raw.disp.offset;

	if (insn->info.raw.disp.size && insn->info.mnemonic != ZYDIS_MNEMONIC_NOP)
		change_byte(insn, at, insn->bytes[at] ^ 8);
}

void collect_offsets(const struct object *object, struct mutants *mutants)
{
	visit_code(object, mutants, change_offset);
}

/* The relocation of the instruction's displacement gets another addend. */
static void move_operand(const struct insn *insn, int64_t by)
{
	const struct reloc *reloc = reloc_at(insn->object, insn->section,
					     insn->offset + insn->info.raw.disp.offset);

	if (!insn->info.raw.disp.size || !reloc)
		return;
	edit_reloc(
		add_mutant(insn->mutants, insn->function, insn->section, reloc->offset),
		reloc, reloc->symbol, reloc->type, reloc->addend + by);
}

static void change_percpu(const struct insn *insn)
{
	if (insn->info.attributes & ZYDIS_ATTRIB_HAS_SEGMENT_GS)
		move_operand(insn, 8);
}

void collect_percpu(const struct object *object, struct mutants *mutants)
{
	visit_code(object, mutants, change_percpu);
}

/* With an immediate behind it, so that the addend is not what it seems. */
static void change_pcrel(const struct insn *insn)
{
	if (insn->info.raw.imm[0].size && !insn->info.raw.imm[0].is_relative &&
	    insn->info.raw.modrm.mod == 0 && insn->info.raw.modrm.rm == 5)
		move_operand(insn, insn->info.raw.imm[0].size / 8);
}

void collect_pcrel(const struct object *object, struct mutants *mutants)
{
	visit_code(object, mutants, change_pcrel);
}

/* ---- Symbols
 * ------------------------------------------------------------------------------- */

static void edit_symbol(const struct object *object, struct mutant *mutant,
			uint32_t index, const Elf64_Sym *value)
{
	add_edit(mutant, object->symbols_at + index * sizeof(*value), value,
		 sizeof(*value));
}

/* Whether it is a function with a name of its own, in a section of its own. */
static bool stands_alone(const struct object *object, uint32_t symbol)
{
	const Elf64_Sym *it = &object->symbols[symbol];

	return ELF64_ST_TYPE(it->st_info) == STT_FUNC &&
	       section_is(object, it->st_shndx, ".text.") &&
	       !strchr(symbol_name(object, symbol), '.') &&
	       object->sections[it->st_shndx].sh_size == it->st_size;
}

/* Two functions change places, so that each name has the other's body. */
void collect_exchanged(const struct object *object, struct mutants *mutants)
{
	uint32_t last = 0;

	for (uint32_t i = 0; i < object->nr_sized; i++) {
		uint32_t symbol = object->sized[i];
		Elf64_Sym one, two;
		struct mutant *mutant;

		if (!stands_alone(object, symbol))
			continue;
		one = object->symbols[last];
		two = object->symbols[symbol];
		/* Of different size they are not the same function twice. */
		if (last && one.st_size != two.st_size && one.st_info == two.st_info) {
			mutant = add_mutant(mutants, last, one.st_shndx, 0);
			mutant->who[1] = symbol;
			one.st_name = object->symbols[symbol].st_name;
			two.st_name = object->symbols[last].st_name;
			edit_symbol(object, mutant, last, &one);
			edit_symbol(object, mutant, symbol, &two);
		}
		last = symbol;
	}
}

/* What counts is which definition the linker took, long ago, not that it could have taken
 * another. */
void collect_bindings(const struct object *object, struct mutants *mutants)
{
	for (uint32_t i = 0; i < object->nr_sized; i++) {
		uint32_t symbol = object->sized[i];
		Elf64_Sym it = object->symbols[symbol];

		if (ELF64_ST_BIND(it.st_info) == STB_LOCAL)
			continue;
		it.st_info = ELF64_ST_INFO(ELF64_ST_BIND(it.st_info) ^ STB_GLOBAL ^
						   STB_WEAK,
					   ELF64_ST_TYPE(it.st_info));
		edit_symbol(object, add_mutant(mutants, 0, it.st_shndx, it.st_value),
			    symbol, &it);
	}
}

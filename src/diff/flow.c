// SPDX-License-Identifier: GPL-2.0-or-later
#include "diff/flow.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"

#define NR_REGISTERS 17
#define MAX_PIECES   8

/* What is known of a register with regard to the frame. */
#define NOT_FRAME INT32_MIN
#define SOMEWHERE (INT32_MIN + 1)
#define NOT_SEEN  (INT32_MIN + 2)

/* The function, or a part of it. */
struct piece {
	uint32_t atom, first; /* instruction */
	uint32_t count;
};

struct edge {
	uint32_t from, to; /* instructions */
};

struct frame {
	int32_t at[NR_REGISTERS]; /* from the stack pointer at the entry */
};

/* Where the address may be, before an instruction. */
struct holders {
	uint32_t registers;
	uint64_t slots;
};

struct mkp_flow {
	const struct mkp_graph *graph;
	struct piece pieces[MAX_PIECES];
	size_t nr_pieces;
	struct mkp_flow_code code; /* offsets are those in the piece */
	struct edge *edges;	   /* owned; by tables: exceptions, static branches */
	size_t nr_edges, cap_edges;
	uint32_t *switched; /* owned; where switch tables lead to */
	size_t nr_switched, cap_switched;
	struct frame *frames;	 /* owned; [code.count] */
	struct holders *holders; /* owned; [code.count] */
	uint32_t *touched;	 /* owned; [code.count] of which holders are not 0 */
	size_t nr_touched;
	uint32_t *queue; /* owned; [code.count] */
	bool *queued;	 /* owned; [code.count] */
	size_t nr_queued;
};

/* ---- Decoding ------------------------------------------------------------------------
 */

static struct mkp_error *add_piece(struct mkp_flow *flow, uint32_t atom)
{
	const struct mkp_graph *graph = flow->graph;
	const struct mkp_atom *it = &graph->atoms[atom];
	const uint8_t *code = mkp_atom_data(graph, it);
	struct piece *piece = &flow->pieces[flow->nr_pieces];
	struct mkp_error *error;

	if (!code || flow->nr_pieces == MAX_PIECES)
		return NULL;
	*piece = (struct piece){ .atom = atom, .first = (uint32_t)flow->code.count };
	error = graph->arch->decode_flow(code, it->size, &flow->code);
	piece->count = (uint32_t)flow->code.count - piece->first;
	flow->nr_pieces++;
	return error;
}

static bool has_piece(const struct mkp_flow *flow, uint32_t atom)
{
	for (size_t i = 0; i < flow->nr_pieces; i++)
		if (flow->pieces[i].atom == atom)
			return true;
	return false;
}

/* The parts that the function jumps to. */
static struct mkp_error *add_parts(struct mkp_flow *flow, uint32_t function)
{
	const struct mkp_graph *graph = flow->graph;
	const struct mkp_atom *it = &graph->atoms[function];
	struct mkp_error *error = NULL;

	for (uint32_t i = it->first_ref; i < it->first_ref + it->nr_refs && !error; i++) {
		uint32_t target = graph->refs[i].target;

		if (target != MKP_NO_ATOM && graph->atoms[target].kind == MKP_ATOM_FUNC &&
		    graph->atoms[target].owner == function && !has_piece(flow, target))
			error = add_piece(flow, target);
	}
	return error;
}

/* The instruction of @atom that has the byte at @offset, or MKP_NO_ATOM. */
static uint32_t insn_at(const struct mkp_flow *flow, uint32_t atom, uint64_t offset)
{
	for (size_t i = 0; i < flow->nr_pieces; i++) {
		const struct piece *piece = &flow->pieces[i];
		uint32_t low = piece->first, high = piece->first + piece->count;

		if (piece->atom != atom)
			continue;
		while (low < high) {
			uint32_t middle = low + (high - low) / 2;

			if (flow->code.insns[middle].offset <= offset)
				low = middle + 1;
			else
				high = middle;
		}
		return low > piece->first ? low - 1 : MKP_NO_ATOM;
	}
	return MKP_NO_ATOM;
}

static const struct piece *piece_of(const struct mkp_flow *flow, uint32_t insn)
{
	size_t i = 0;

	while (i + 1 < flow->nr_pieces && flow->pieces[i + 1].first <= insn)
		i++;
	return &flow->pieces[i];
}

/* ---- Ways that no instruction shows --------------------------------------------------
 */

static struct mkp_error *add_edge(struct mkp_flow *flow, uint32_t from, uint32_t to)
{
	struct mkp_error *error;

	if (from == MKP_NO_ATOM || to == MKP_NO_ATOM)
		return NULL;
	error = mkp_array_reserve(&flow->edges, &flow->cap_edges, flow->nr_edges + 1,
				  sizeof(*flow->edges));
	if (!error)
		flow->edges[flow->nr_edges++] = (struct edge){ from, to };
	return error;
}

/* From the code that an entry is about to the other places that it names: a fixup, the
 * target of a static branch. */
static struct mkp_error *add_entry(struct mkp_flow *flow, uint32_t entry)
{
	const struct mkp_graph *graph = flow->graph;
	const struct mkp_atom *it = &graph->atoms[entry];
	const struct mkp_ref *code = mkp_atom_ref_at(
		graph, it, mkp_graph_special(graph, it)->row->code_field);
	struct mkp_error *error = NULL;
	uint32_t from = code ? insn_at(flow, code->target, (uint64_t)code->offset)
			     : MKP_NO_ATOM;

	for (uint32_t i = it->first_ref; i < it->first_ref + it->nr_refs && !error; i++)
		if (&graph->refs[i] != code)
			error = add_edge(flow, from,
					 insn_at(flow, graph->refs[i].target,
						 (uint64_t)graph->refs[i].offset));
	return error;
}

/* Tables that lead into the middle of the function. */
static struct mkp_error *add_switches(struct mkp_flow *flow, uint32_t atom)
{
	const struct mkp_graph *graph = flow->graph;
	struct mkp_error *error = NULL;

	for (uint32_t i = graph->incoming_first[atom];
	     i < graph->incoming_first[atom + 1] && !error; i++) {
		const struct mkp_ref *ref = &graph->refs[graph->incoming[i]];
		const struct mkp_atom *from =
			&graph->atoms[graph->ref_atom[graph->incoming[i]]];

		if (from->kind == MKP_ATOM_ENTRY ||
		    (from->kind == MKP_ATOM_FUNC && (ref->flags & MKP_REF_BRANCH)))
			continue;
		error = mkp_array_reserve(&flow->switched, &flow->cap_switched,
					  flow->nr_switched + 1, sizeof(*flow->switched));
		if (!error)
			flow->switched[flow->nr_switched++] = insn_at(
				flow, atom, (uint64_t)ref->offset);
	}
	return error;
}

static int compare_edges(const void *a, const void *b)
{
	const struct edge *x = a, *y = b;

	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	return (x->to > y->to) - (x->to < y->to);
}

static struct mkp_error *add_hidden_ways(struct mkp_flow *flow)
{
	const struct mkp_graph *graph = flow->graph;
	struct mkp_error *error = NULL;

	for (size_t i = 0; i < flow->nr_pieces && !error; i++) {
		uint32_t atom = flow->pieces[i].atom;

		error = add_switches(flow, atom);
		for (uint32_t k = graph->entries_first[atom];
		     k < graph->entries_first[atom + 1] && !error; k++)
			error = add_entry(flow, graph->entries[k]);
	}
	if (flow->nr_edges > 1)
		qsort(flow->edges, flow->nr_edges, sizeof(*flow->edges), compare_edges);
	return error;
}

/* The first edge that leaves an instruction. */
static size_t edges_of(const struct mkp_flow *flow, uint32_t insn)
{
	size_t low = 0, high = flow->nr_edges;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (flow->edges[middle].from < insn)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* ---- Ways through the function -------------------------------------------------------
 */

/* The reference of a direct branch, or MKP_NO_REF. */
static uint32_t branch_ref(const struct mkp_flow *flow, uint32_t insn)
{
	const struct mkp_graph *graph = flow->graph;
	const struct mkp_flow_insn *it = &flow->code.insns[insn];
	const struct mkp_ref *ref;

	if (!it->branch)
		return MKP_NO_REF;
	ref = mkp_atom_ref_at(graph, &graph->atoms[piece_of(flow, insn)->atom],
			      it->branch);
	return ref ? (uint32_t)(ref - graph->refs) : MKP_NO_REF;
}

/* Where a direct branch leads in the function; MKP_NO_ATOM: out of it. */
static uint32_t branch_target(const struct mkp_flow *flow, uint32_t insn)
{
	const struct mkp_flow_insn *it = &flow->code.insns[insn];
	const struct mkp_graph *graph = flow->graph;
	uint32_t ref = branch_ref(flow, insn), atom = piece_of(flow, insn)->atom;

	if (ref != MKP_NO_REF)
		return insn_at(flow, graph->refs[ref].target,
			       (uint64_t)graph->refs[ref].offset);
	if (!it->branch || it->target < 0 ||
	    (uint64_t)it->target >= graph->atoms[atom].size)
		return MKP_NO_ATOM;
	return insn_at(flow, atom, (uint64_t)it->target);
}

static bool goes_on(const struct mkp_flow *flow, uint32_t insn)
{
	const struct piece *piece = piece_of(flow, insn);
	uint8_t next = flow->code.insns[insn].next;

	return next != MKP_FLOW_JUMP && next != MKP_FLOW_END &&
	       insn + 1 < piece->first + piece->count;
}

/* Calls @step for each instruction that may come next. */
static void for_each_next(struct mkp_flow *flow, uint32_t insn,
			  void (*step)(struct mkp_flow *, uint32_t to, const void *state),
			  const void *state)
{
	const struct mkp_flow_insn *it = &flow->code.insns[insn];
	uint32_t target = MKP_NO_ATOM;

	if (goes_on(flow, insn))
		step(flow, insn + 1, state);
	if (it->next == MKP_FLOW_BRANCH || it->next == MKP_FLOW_JUMP)
		target = branch_target(flow, insn);
	if (target != MKP_NO_ATOM)
		step(flow, target, state);
	if (it->next == MKP_FLOW_JUMP && (it->flags & MKP_FLOW_INDIRECT))
		for (size_t i = 0; i < flow->nr_switched; i++)
			if (flow->switched[i] != MKP_NO_ATOM)
				step(flow, flow->switched[i], state);
	for (size_t i = edges_of(flow, insn);
	     i < flow->nr_edges && flow->edges[i].from == insn; i++)
		step(flow, flow->edges[i].to, state);
}

static void enqueue(struct mkp_flow *flow, uint32_t insn)
{
	if (!flow->queued[insn])
		flow->queue[flow->nr_queued++] = insn;
	flow->queued[insn] = true;
}

static uint32_t dequeue(struct mkp_flow *flow)
{
	uint32_t insn = flow->queue[--flow->nr_queued];

	flow->queued[insn] = false;
	return insn;
}

/* ---- The frame -----------------------------------------------------------------------
 */

static int32_t meet(int32_t a, int32_t b)
{
	if (a == b || b == NOT_SEEN)
		return a;
	if (a == NOT_SEEN)
		return b;
	return a == NOT_FRAME || b == NOT_FRAME ? NOT_FRAME : SOMEWHERE;
}

static void meet_frame(struct mkp_flow *flow, uint32_t to, const void *state)
{
	const struct frame *frame = state;
	bool news = false;

	for (int i = 0; i < NR_REGISTERS; i++) {
		int32_t met = meet(flow->frames[to].at[i], frame->at[i]);

		news |= met != flow->frames[to].at[i];
		flow->frames[to].at[i] = met;
	}
	if (news)
		enqueue(flow, to);
}

static int32_t moved(int32_t at, int64_t by)
{
	if (at == NOT_FRAME || at == SOMEWHERE || at == NOT_SEEN)
		return at;
	return by > -(1 << 24) && by < 1 << 24 && at > -(1 << 28) && at < 1 << 28
		       ? at + (int32_t)by
		       : SOMEWHERE;
}

/* Frame pointers after an instruction. */
static void step_frame(const struct mkp_flow *flow, uint32_t insn, struct frame *frame)
{
	const struct mkp_flow_insn *it = &flow->code.insns[insn];
	const struct mkp_flow_abi *abi = flow->graph->arch->abi;
	int32_t value = NOT_FRAME;
	uint32_t writes = it->writes;

	/* Masks that align the stack pointer, additions of what is not known. */
	for (int i = 0; i < NR_REGISTERS; i++)
		if ((it->from >> i & 1) && frame->at[i] != NOT_FRAME)
			value = it->flags & MKP_FLOW_EXACT ? moved(frame->at[i], it->add)
							   : SOMEWHERE;
	if (it->next == MKP_FLOW_CALL)
		writes = abi->clobbered & ~(1u << abi->stack);
	if ((it->flags & MKP_FLOW_LOADS) && it->base == abi->stack &&
	    it->length <= 2) /* pop */
		frame->at[abi->stack] = moved(frame->at[abi->stack], 8);
	for (int i = 0; i < NR_REGISTERS; i++)
		if (writes >> i & 1)
			frame->at[i] = value;
}

static void find_frames(struct mkp_flow *flow)
{
	struct frame frame;

	for (size_t i = 0; i < flow->code.count; i++)
		for (int k = 0; k < NR_REGISTERS; k++)
			flow->frames[i].at[k] = NOT_SEEN;
	for (int k = 0; k < NR_REGISTERS; k++)
		frame.at[k] = NOT_FRAME;
	frame.at[flow->graph->arch->abi->stack] = 0;
	if (flow->code.count)
		meet_frame(flow, 0, &frame);
	while (flow->nr_queued) {
		uint32_t insn = dequeue(flow);

		frame = flow->frames[insn];
		step_frame(flow, insn, &frame);
		for_each_next(flow, insn, meet_frame, &frame);
	}
}

struct mkp_error *mkp_flow_create(const struct mkp_graph *graph, uint32_t function,
				  struct mkp_flow **ret_flow)
{
	struct mkp_flow *flow = NULL;
	struct mkp_error *error = mkp_array_create(1, sizeof(*flow), &flow);

	if (error)
		return error;
	flow->graph = graph;
	error = add_piece(flow, function);
	if (!error)
		error = add_parts(flow, function);
	if (!error)
		error = mkp_array_create(flow->code.count, sizeof(*flow->frames),
					 &flow->frames);
	if (!error)
		error = mkp_array_create(flow->code.count, sizeof(*flow->holders),
					 &flow->holders);
	if (!error)
		error = mkp_array_create(flow->code.count, sizeof(*flow->touched),
					 &flow->touched);
	if (!error)
		error = mkp_array_create(flow->code.count, sizeof(*flow->queue),
					 &flow->queue);
	if (!error)
		error = mkp_array_create(flow->code.count, 1, &flow->queued);
	if (!error)
		error = add_hidden_ways(flow);
	if (error) {
		mkp_flow_destroy(flow);
		return error;
	}
	find_frames(flow);
	*ret_flow = flow;
	return NULL;
}

void mkp_flow_destroy(struct mkp_flow *flow)
{
	if (!flow)
		return;
	free(flow->code.insns);
	free(flow->edges);
	free(flow->switched);
	free(flow->frames);
	free(flow->holders);
	free(flow->touched);
	free(flow->queue);
	free(flow->queued);
	free(flow);
}

/* ---- The address ---------------------------------------------------------------------
 */

struct trace {
	struct mkp_flow *flow;
	uint32_t source; /* instruction that makes it, MKP_NO_ATOM: the caller */
	uint32_t place;	 /* of its field in the instruction */
	bool through;
	mkp_flow_visit visit;
	void *data;
};

/* The slots that memory at @at from the entry may be; 0: not of the frame. */
static uint64_t slots_at(int32_t at, int64_t add)
{
	int32_t where = moved(at, add);

	if (where == NOT_FRAME || where == NOT_SEEN)
		return 0;
	return where == SOMEWHERE ? UINT64_MAX
				  : UINT64_C(1) << ((uint32_t)(where >> 3) & 63);
}

static uint64_t memory_slots(const struct mkp_flow *flow, uint32_t insn)
{
	const struct mkp_flow_insn *it = &flow->code.insns[insn];

	return it->base == MKP_FLOW_NO_REGISTER
		       ? 0
		       : slots_at(flow->frames[insn].at[it->base], it->add);
}

static void join_holders(struct mkp_flow *flow, uint32_t to, const void *state)
{
	const struct holders *more = state;
	struct holders *there = &flow->holders[to];

	if (!(more->registers & ~there->registers) && !(more->slots & ~there->slots))
		return;
	if (!there->registers && !there->slots)
		flow->touched[flow->nr_touched++] = to;
	there->registers |= more->registers;
	there->slots |= more->slots;
	enqueue(flow, to);
}

/* The reference of a memory operand, or MKP_NO_REF. */
static uint32_t operand_ref(const struct mkp_flow *flow, uint32_t insn)
{
	const struct mkp_graph *graph = flow->graph;
	const struct mkp_flow_insn *it = &flow->code.insns[insn];
	const struct mkp_ref *ref = NULL;

	if (it->operand)
		ref = mkp_atom_ref_at(graph, &graph->atoms[piece_of(flow, insn)->atom],
				      it->offset + it->operand);
	return ref ? (uint32_t)(ref - graph->refs) : MKP_NO_REF;
}

static struct mkp_error *leave(const struct trace *trace, uint32_t insn,
			       enum mkp_flow_event event, uint32_t ref, uint8_t argument,
			       bool *ret_back)
{
	const struct mkp_flow *flow = trace->flow;
	const struct mkp_flow_exit exit = {
		.event = event,
		.atom = piece_of(flow, insn)->atom,
		.place = flow->code.insns[insn].offset,
		.callee = event == MKP_FLOW_PASSED ? ref : MKP_NO_REF,
		.to = event == MKP_FLOW_STORED ? ref : MKP_NO_REF,
		.argument = argument,
	};

	return trace->visit(trace->data, &exit, ret_back);
}

/* A call, or a jump out of the function in place of one; *ret_back: its result may be the
 * address. */
static struct mkp_error *pass(const struct trace *trace, uint32_t insn,
			      const struct holders *holders, bool *ret_back)
{
	const struct mkp_flow *flow = trace->flow;
	const struct mkp_flow_abi *abi = flow->graph->arch->abi;
	uint32_t callee = branch_ref(flow, insn);
	struct mkp_error *error = NULL;
	bool frame = false;

	/* A thunk of the compiler's calls what a register holds. */
	if (callee != MKP_NO_REF && flow->graph->refs[callee].target != MKP_NO_ATOM &&
	    mkp_arch_is_helper(
		    flow->graph->arch,
		    mkp_atom_name(flow->graph, flow->graph->refs[callee].target)))
		callee = MKP_NO_REF;
	for (uint8_t i = 0; abi->arguments[i] != MKP_FLOW_NO_REGISTER && !error; i++)
		if (holders->registers >> abi->arguments[i] & 1)
			error = leave(trace, insn, MKP_FLOW_PASSED, callee, i, ret_back);
	/* A structure of the frame that has it, whose address is an argument. */
	for (uint8_t i = 0; abi->arguments[i] != MKP_FLOW_NO_REGISTER; i++)
		frame |= flow->frames[insn].at[abi->arguments[i]] != NOT_FRAME &&
			 flow->frames[insn].at[abi->arguments[i]] != NOT_SEEN;
	if (!error && frame && holders->slots)
		error = leave(trace, insn, MKP_FLOW_PASSED, callee, MKP_FLOW_IN_FRAME,
			      ret_back);
	return error;
}

/* Whether a branch leads to @name, which may be NULL. */
static bool leads_to(const struct mkp_flow *flow, uint32_t insn, const char *name)
{
	uint32_t ref = branch_ref(flow, insn);

	return name && ref != MKP_NO_REF &&
	       flow->graph->refs[ref].target != MKP_NO_ATOM &&
	       !strcmp(mkp_atom_name(flow->graph, flow->graph->refs[ref].target), name);
}

/* Control leaves or goes elsewhere. */
static struct mkp_error *step_control(const struct trace *trace, uint32_t insn,
				      struct holders *holders)
{
	const struct mkp_flow *flow = trace->flow;
	const struct mkp_flow_insn *it = &flow->code.insns[insn];
	const struct mkp_flow_abi *abi = flow->graph->arch->abi;
	bool result = holders->registers >> abi->result & 1, back = false;
	struct mkp_error *error = NULL;

	if (leads_to(flow, insn, abi->entry_site))
		return NULL;
	if (it->next == MKP_FLOW_CALL) {
		error = pass(trace, insn, holders, &back);
		holders->registers &= ~abi->clobbered;
		holders->registers |= (uint32_t)back << abi->result;
	} else if (it->next == MKP_FLOW_END || leads_to(flow, insn, abi->return_thunk)) {
		if (result)
			error = leave(trace, insn, MKP_FLOW_RETURNED, MKP_NO_REF, 0,
				      &back);
	} else if (it->next != MKP_FLOW_ON && branch_target(flow, insn) == MKP_NO_ATOM &&
		   !((it->flags & MKP_FLOW_INDIRECT) && flow->nr_switched)) {
		error = pass(trace, insn, holders, &back);
		if (!error && back)
			error = leave(trace, insn, MKP_FLOW_RETURNED, MKP_NO_REF, 0,
				      &back);
	}
	return error;
}

/* Values move between registers and memory. */
static struct mkp_error *step_values(const struct trace *trace, uint32_t insn,
				     struct holders *holders)
{
	const struct mkp_flow *flow = trace->flow;
	const struct mkp_flow_insn *it = &flow->code.insns[insn];
	uint64_t slots = memory_slots(flow, insn);
	bool made = insn == trace->source, operand = made && trace->place == it->operand;
	bool held = holders->registers & it->from;
	bool stored = holders->registers & it->stores, back = false;

	if (made && !operand)
		held = stored = true; /* an immediate */
	if (made && operand && (it->flags & MKP_FLOW_ADDRESS))
		held = true;
	if ((it->flags & MKP_FLOW_LOADS) && (slots & holders->slots))
		held = stored = true;
	if ((it->flags & MKP_FLOW_LOADS) && trace->through && !slots &&
	    (operand ||
	     (it->base != MKP_FLOW_NO_REGISTER && (holders->registers >> it->base & 1))))
		held = stored = true;
	if (it->flags & MKP_FLOW_STORES) {
		if (stored && !slots)
			return leave(trace, insn, MKP_FLOW_STORED,
				     operand_ref(flow, insn), 0, &back);
		if (stored)
			holders->slots |= slots;
		else if (slots && !(slots & (slots - 1)))
			holders->slots &= ~slots;
		held = holders->registers & it->from;
	}
	if (held)
		holders->registers |= it->writes;
	else if (!(it->flags & MKP_FLOW_KEEPS))
		holders->registers &= ~it->writes;
	return NULL;
}

static struct mkp_error *run(struct trace *trace)
{
	struct mkp_flow *flow = trace->flow;
	struct mkp_error *error = NULL;

	while (flow->nr_queued && !error) {
		uint32_t insn = dequeue(flow);
		struct holders holders = flow->holders[insn];

		error = step_values(trace, insn, &holders);
		if (!error)
			error = step_control(trace, insn, &holders);
		for_each_next(flow, insn, join_holders, &holders);
	}
	while (flow->nr_queued)
		dequeue(flow);
	return error;
}

static void forget(struct mkp_flow *flow)
{
	while (flow->nr_touched)
		flow->holders[flow->touched[--flow->nr_touched]] = (struct holders){ 0 };
}

/* The code is not decoded. */
static struct mkp_error *lose(const struct trace *trace, uint32_t ref)
{
	const struct mkp_graph *graph = trace->flow->graph;
	const struct mkp_flow_exit lost = {
		.event = MKP_FLOW_LOST,
		.atom = graph->ref_atom[ref],
		.place = (uint32_t)graph->refs[ref].place,
		.callee = MKP_NO_REF,
		.to = MKP_NO_REF,
	};
	bool back = false;

	return trace->visit(trace->data, &lost, &back);
}

struct mkp_error *mkp_flow_trace(struct mkp_flow *flow, uint32_t ref, bool through,
				 mkp_flow_visit visit, void *data)
{
	const struct mkp_graph *graph = flow->graph;
	uint32_t place = (uint32_t)graph->refs[ref].place;
	struct trace trace = {
		.flow = flow,
		.source = insn_at(flow, graph->ref_atom[ref], place),
		.through = through,
		.visit = visit,
		.data = data,
	};

	if (trace.source == MKP_NO_ATOM)
		return lose(&trace, ref);
	trace.place = place - flow->code.insns[trace.source].offset;
	forget(flow);
	enqueue(flow, trace.source);
	return run(&trace);
}

struct mkp_error *mkp_flow_trace_argument(struct mkp_flow *flow, uint8_t argument,
					  bool through, mkp_flow_visit visit, void *data)
{
	const struct holders holders = {
		.registers = 1u << flow->graph->arch->abi->arguments[argument],
	};
	struct trace trace = {
		.flow = flow,
		.source = MKP_NO_ATOM,
		.through = through,
		.visit = visit,
		.data = data,
	};

	if (!flow->code.count)
		return NULL;
	forget(flow);
	join_holders(flow, 0, &holders);
	return run(&trace);
}

struct mkp_error *mkp_flow_trace_result(struct mkp_flow *flow, uint32_t ref, bool through,
					mkp_flow_visit visit, void *data)
{
	const struct mkp_graph *graph = flow->graph;
	const struct holders holders = {
		.registers = 1u << graph->arch->abi->result,
	};
	struct trace trace = {
		.flow = flow,
		.source = MKP_NO_ATOM,
		.through = through,
		.visit = visit,
		.data = data,
	};
	uint32_t insn = insn_at(flow, graph->ref_atom[ref], graph->refs[ref].place);
	bool back = false;

	if (insn == MKP_NO_ATOM)
		return lose(&trace, ref);
	if (flow->code.insns[insn].next != MKP_FLOW_CALL)
		return leave(&trace, insn, MKP_FLOW_RETURNED, MKP_NO_REF, 0, &back);
	forget(flow);
	for_each_next(flow, insn, join_holders, &holders);
	return run(&trace);
}

/* ---- Ways ----------------------------------------------------------------------------
 */

static const struct holders mark = { .registers = 1 };

/* Marks what can be reached from what is queued. */
static void reach(struct mkp_flow *flow)
{
	while (flow->nr_queued)
		for_each_next(flow, dequeue(flow), join_holders, &mark);
}

bool mkp_flow_loops(struct mkp_flow *flow, uint32_t ref)
{
	const struct mkp_graph *graph = flow->graph;
	uint32_t insn = insn_at(flow, graph->ref_atom[ref], graph->refs[ref].place);

	if (insn == MKP_NO_ATOM)
		return false;
	forget(flow);
	for_each_next(flow, insn, join_holders, &mark);
	reach(flow);
	return flow->holders[insn].registers;
}

static bool leads_out(const struct mkp_flow *flow, uint32_t insn)
{
	const struct mkp_flow_insn *it = &flow->code.insns[insn];

	if (it->next == MKP_FLOW_END)
		return true;
	if (it->next != MKP_FLOW_JUMP && it->next != MKP_FLOW_BRANCH)
		return false;
	return branch_target(flow, insn) == MKP_NO_ATOM &&
	       !((it->flags & MKP_FLOW_INDIRECT) && flow->nr_switched);
}

bool mkp_flow_returns(struct mkp_flow *flow)
{
	if (!flow->code.count)
		return true;
	forget(flow);
	join_holders(flow, 0, &mark);
	reach(flow);
	for (size_t i = 0; i < flow->nr_touched; i++)
		if (leads_out(flow, flow->touched[i]))
			return true;
	return false;
}
